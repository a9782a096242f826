/** The names of the two kinds of bearer token in the OpenAPI document and in Swagger UI. */
export const schemes = { access: 'Access-token', refresh: 'Refresh-token' } as const

export const documentPath = '/api/openapi.json'
export const docsPath = '/api/docs'
