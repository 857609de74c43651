// Package privx is a thin client for the part of PrivX's REST API that decides
// who holds which role, and what roles reach. It knows nothing of Baton's model.
//
// PrivX's endpoints used here, with the permission each one asks of the API
// client (source: the vendor's API documentation and client SDKs):
//
//	POST /auth/api/v1/oauth/token                                      none (the credentials)
//	POST /auth/api/v1/oauth/clientcredentials/privx-external/token     none (the credentials)
//	POST /auth/api/v1/logout                                           none
//	POST /role-store/api/v1/users/search                               users-view
//	GET  /role-store/api/v1/users/{id}                                 users-view
//	GET  /role-store/api/v1/users/{id}/roles                           users-view and roles-view
//	PUT  /role-store/api/v1/users/{id}/roles                           roles-manage
//	GET  /role-store/api/v1/users/current                              none
//	GET  /role-store/api/v1/roles                                      roles-view
//	GET  /role-store/api/v1/roles/{id}                                 roles-view
//	GET  /role-store/api/v1/roles/{id}/members                         roles-view
//	GET  /role-store/api/v1/sources                                    sources-view (optional)
//	GET  /role-store/api/v1/status                                     none
//	POST /host-store/api/v1/hosts/search                               hosts-view (to see all hosts)
//	GET  /host-store/api/v1/hosts                                      hosts-view
//	GET  /host-store/api/v1/hosts/{id}                                 hosts-view
//	POST /vault/api/v1/search/secrets                                  none is known
//	GET  /network-access-manager/api/v1/nwtargets                      network-targets-view
//	GET  /network-access-manager/api/v1/nwtargets/{id}                 network-targets-view
//	GET  /api-proxy/api/v1/api-targets                                 api-targets-view
//	GET  /api-proxy/api/v1/api-targets/{id}                            api-targets-view
//	GET  /role-store/api/v1/awsroles                                   role-target-resources-view
//	GET  /role-store/api/v1/awsroles/{id}                              role-target-resources-view
//	GET  /authorizer/api/v1/accessgroups                               access-groups-manage (optional)
//
// A target is a host, a secret, a network target, an API target or an AWS role. What is
// secret about a target is never decoded, and the calls that answer a secret's data are
// never made.
//
// Every method takes a context, is bounded in time and in bytes, and fails with an [*Error]
// or with the context's own error. Reads are repeated after transient failures. A write is
// sent again only after a read has shown that PrivX has not made the change.
package privx
