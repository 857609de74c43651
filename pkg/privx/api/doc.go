// Package api is how to talk to PrivX: TLS, tokens, sending, retries, bounds, errors and
// paging. It knows nothing of what PrivX has. Package privx does, and calls it through a
// handful of verbs:
//
//   - [Read] reads one object.
//   - [ReadAll] reads a list that PrivX answers in one piece.
//   - [ReadPage] reads a page of a list that PrivX pages, and [Probe] its first row.
//   - [Write] sends a change, once.
//   - [Client.Exchange] is below all of them: it sends one request and hands over its
//     answer as it came.
//
// Each verb takes a context, is bounded in time and in bytes (bounds.go), and fails with
// an [*Error] or with the context's own error.
package api
