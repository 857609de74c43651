package privx

import (
	"crypto/x509"
	"net/url"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// The types of package api that this package's methods use, so that callers need to import
// only this package.
type (
	// Credentials are a way to obtain a token for an API client.
	Credentials = api.Credentials
	// PasswordGrant is the way that every version of PrivX knows.
	PasswordGrant = api.PasswordGrant
	// OAuthClientCredentials are those of the OAuth client alone.
	OAuthClientCredentials = api.OAuthClientCredentials
	// APIClientCredentials are those of the API client alone.
	APIClientCredentials = api.APIClientCredentials
	// Error is a failed exchange with PrivX.
	Error = api.Error
	// Page is a part of a list.
	Page[T any] = api.Page[T]
	// Emptiness says whether a list can be empty.
	Emptiness = api.Emptiness
	// IDs is a set of ids.
	IDs = api.IDs
)

// Whether a list can be empty, and how many rows of it are asked for at a time.
const (
	MayBeEmpty  = api.MayBeEmpty
	KnownEmpty  = api.KnownEmpty
	NeverEmpty  = api.NeverEmpty
	MinPageSize = api.MinPageSize
	MaxPageSize = api.MaxPageSize
)

// ChangeBudget is how long one grant or revoke may take.
const ChangeBudget = api.ChangeBudget

// ParseBaseURL checks PrivX's address and returns it without trailing slashes. It must be
// https; http is accepted only for a loopback host.
func ParseBaseURL(raw string) (*url.URL, error) { return api.ParseBaseURL(raw) }

// ParseCertificates reads a bundle of PEM certificates.
func ParseCertificates(bundle []byte) ([]*x509.Certificate, error) {
	return api.ParseCertificates(bundle)
}

// SameID tells whether two of PrivX's ids are the same. They are UUIDs, so case does not
// matter.
func SameID(a, b string) bool { return api.SameID(a, b) }

// CanonicalID is the form that an id has in common with all ids that are the same.
func CanonicalID(id string) string { return api.CanonicalID(id) }

// CutText shortens s to at most n bytes, on a rune boundary, ending in an ellipsis where
// something was cut.
func CutText(s string, n int) string { return api.CutText(s, n) }

// IsNotFound tells whether PrivX itself said that the object does not exist. It is false for
// a 404 that does not come from PrivX (a proxy's page, a wrong base URL).
func IsNotFound(err error) bool { return api.Is(err, api.NotFound) }

// IsForbidden tells whether the API client lacks a permission.
func IsForbidden(err error) bool { return api.Is(err, api.Forbidden) }

// IsUnauthenticated tells whether PrivX refused the credentials.
func IsUnauthenticated(err error) bool { return api.Is(err, api.Unauthenticated) }

// MapPage makes a page of other rows, one of each row of a page, and one that reads on as
// that page does.
func MapPage[T, U any](page *Page[T], to func(T) U) (*Page[U], error) {
	return api.MapPage(page, func(row T) (U, error) { return to(row), nil })
}

// IsEmpty tells whether PrivX shows a list as empty that is known to have rows.
func IsEmpty(err error) bool { return api.Is(err, api.ShownEmpty) }
