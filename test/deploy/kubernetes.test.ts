import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config.ts'
import { variables } from '../config-variables.ts'
import { complaintsAbout } from './manifest-types.ts'

const folder = fileURLToPath(new URL('../../deploy/kubernetes/', import.meta.url))
const read = (name: string) => parse(readFileSync(join(folder, `${name}.yaml`), 'utf8'))
const names = globSync('*.yaml', { cwd: folder })
  .map((path) => basename(path, '.yaml'))
  .filter((name) => name !== 'kustomization')
  .toSorted()

const deployment = read('deployment')
const pod = deployment.spec.template
const [container] = pod.spec.containers
const config: Record<string, string> = read('config-map').data

/** A change of the manifest that Kubernetes would refuse, or take for something else. */
type Mistake = [name: string, change: (manifest: ReturnType<typeof read>) => void]

const mistakes: Readonly<Record<string, Mistake>> = {
  'a misspelt field': ['deployment', ({ spec }) => (spec.template.spec.containers[0].readynessProbe = {})],
  'a field in the wrong place': ['deployment', ({ spec }) => (spec.template.spec.readOnlyRootFilesystem = true)],
  'a text where a number belongs': ['deployment', ({ spec }) => (spec.replicas = '2')],
  'a missing selector': ['deployment', ({ spec }) => delete spec.selector],
  'a port without its number': ['service', ({ spec }) => delete spec.ports[0].port],
  'a list where one thing belongs': ['pod-disruption-budget', ({ spec }) => (spec.selector = [spec.selector])],
  'a number as a value of a config map': ['config-map', ({ data }) => (data.BCRYPT_COST = 12)],
  'a rule without its list': ['network-policy', ({ spec }) => (spec.egress = spec.egress[0])],
}

describe('the manifests for Kubernetes', () => {
  it('are what its API takes, and a mistake in them is found', async () => {
    assert.ok(names.length >= 6)
    const sound = Object.fromEntries(names.map((name) => [name, read(name)]))
    const wrong = Object.entries(mistakes).map(([what, [name, change]]) => {
      const manifest = read(name)
      change(manifest)
      return [`wrong-${what.replaceAll(' ', '-')}`, manifest] as const
    })
    const complaints = await complaintsAbout({ ...sound, ...Object.fromEntries(wrong) })
    assert.deepEqual(
      Object.keys(complaints).toSorted(),
      wrong.map(([name]) => name).toSorted(),
      JSON.stringify(complaints),
    )
  })

  it('are all in the kustomization', () => {
    assert.deepEqual(read('kustomization').resources.toSorted(), names.map((name) => `${name}.yaml`).toSorted())
  })

  it('select the pods that the deployment makes', () => {
    const { labels } = pod.metadata
    const selectors = [
      deployment.spec.selector.matchLabels,
      pod.spec.topologySpreadConstraints[0].labelSelector.matchLabels,
      read('service').spec.selector,
      read('pod-disruption-budget').spec.selector.matchLabels,
      read('network-policy').spec.podSelector.matchLabels,
    ]
    for (const selector of selectors) assert.deepEqual(selector, labels)
    assert.equal(read('horizontal-pod-autoscaler').spec.scaleTargetRef.name, deployment.metadata.name)
  })

  it('keep at least one of two processes up', () => {
    assert.ok(deployment.spec.replicas >= 2)
    assert.equal(deployment.spec.strategy.rollingUpdate.maxUnavailable, 0)
    const { minReplicas } = read('horizontal-pod-autoscaler').spec
    assert.ok(minReplicas > read('pod-disruption-budget').spec.minAvailable)
  })

  it('probe what the service answers, on the port that it listens on', () => {
    const port = parseConfig({}).port
    assert.deepEqual(container.ports, [
      { name: 'http', containerPort: port },
      { name: 'metrics', containerPort: parseConfig(config).adminPort },
    ])
    assert.equal(container.livenessProbe.httpGet.path, '/health/live')
    assert.equal(container.startupProbe.httpGet.path, '/health/live')
    assert.equal(container.readinessProbe.httpGet.path, '/health/ready')
    for (const name of ['livenessProbe', 'startupProbe', 'readinessProbe']) {
      assert.equal(container[name].httpGet.port, 'http')
    }
    assert.equal(read('service').spec.ports[0].targetPort, 'http')
    const open = read('network-policy').spec.ingress.map(({ ports }: { ports: { port: string }[] }) => ports)
    assert.deepEqual(open, [[{ protocol: 'TCP', port: 'http' }], [{ protocol: 'TCP', port: 'metrics' }]])
    assert.equal(read('service').spec.ports.length, 1)
  })

  it('let the process out to the name server, to PostgreSQL, and to PUBLIC_URL, which doctor asks', () => {
    const out = read('network-policy').spec.egress.flatMap(({ ports }: { ports: object[] }) => ports)
    assert.deepEqual(
      out,
      [
        ['UDP', 53],
        ['TCP', 53],
        ['TCP', 5432],
        ['TCP', 443],
      ].map(([protocol, port]) => ({ protocol, port })),
    )
  })

  it('give the process no privilege and nothing to write to', () => {
    assert.equal(pod.spec.automountServiceAccountToken, false)
    assert.equal(pod.spec.securityContext.runAsNonRoot, true)
    assert.deepEqual(pod.spec.securityContext.seccompProfile, { type: 'RuntimeDefault' })
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    assert.ok(!('volumeMounts' in container))
  })

  it('set variables that there are, and secrets by reference alone', () => {
    const secret = ['DATABASE_URL', 'SECRET_KEY', 'SECRET_KEY_PREVIOUS']
    const env: { name: string; value?: string; valueFrom?: { secretKeyRef?: object } }[] = container.env
    for (const { name, value, valueFrom } of env) {
      assert.ok(name in variables, name)
      if (secret.includes(name)) assert.ok(value === undefined && valueFrom?.secretKeyRef, name)
    }
    for (const name of secret) assert.ok(env.some((one) => one.name === name) && !(name in config), name)
    for (const name of Object.keys(config)) assert.ok(name in variables, name)
    assert.ok(parseConfig(config))
    const kinds = names.map((name) => read(name).kind)
    assert.ok(!kinds.includes('Secret'))
  })
})
