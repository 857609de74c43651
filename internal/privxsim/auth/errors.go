package auth

import (
	"net/http"
	"strings"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// Error codes of OAuth (RFC 6749, section 5.2) that the simulator uses.
const (
	oauthInvalidRequest       = "invalid_request"
	oauthInvalidClient        = "invalid_client"
	oauthInvalidGrant         = "invalid_grant"
	oauthUnauthorizedClient   = "unauthorized_client"
	oauthUnsupportedGrantType = "unsupported_grant_type"
)

func oauthError(status int, code, description string) core.Answer {
	a := core.JSON(status, core.MustMarshal(struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description}))
	a.Header.Set("Cache-Control", "no-store")
	if status == http.StatusUnauthorized {
		a.Header.Set("WWW-Authenticate", `Basic realm="privx"`)
	}
	return a
}

// oauthPath is the path of OAuth's endpoints below that of the service.
const oauthPath = "oauth/"

// statusError is the error of a status, which OAuth's endpoints have in a shape of
// their own.
func statusError(path string, status int) core.Answer {
	if !strings.HasPrefix(path, oauthPath) {
		return core.StatusError(status)
	}
	code := oauthInvalidRequest
	if status == http.StatusUnauthorized {
		code = oauthInvalidClient
	}
	return oauthError(status, code, http.StatusText(status))
}
