import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources'

/** What these traces and metrics are of. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word. */
export const resourceOf = (version: string): Resource =>
  defaultResource()
    .merge(detectResources({ detectors: [serviceInstanceIdDetector] }))
    .merge(resourceFromAttributes({ 'service.name': 'latchkey', 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector] }))
