package api

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// ParseBaseURL checks PrivX's address and returns it without trailing slashes. It must be
// https; http is accepted only for a loopback host. A path prefix is kept, with . and ..
// resolved. User-info, a query and a fragment are refused.
func ParseBaseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		// url.Parse's own error repeats the whole text, and with it a password.
		return nil, errors.New("not a URL")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must begin with https://")
	case u.Hostname() == "":
		return nil, errors.New("has no host name")
	case strings.Contains(u.Host, "%"):
		// It may be an IPv6 zone, which some texts of the URL would lose.
		return nil, errors.New("must not hold a % in its host name")
	case u.User != nil:
		return nil, errors.New("must not hold a user name or password")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("must not hold a query (what follows a ?)")
	case strings.Contains(raw, "#"):
		return nil, errors.New("must not hold a fragment (what follows a #)")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, errors.New("must begin with https:// (http:// is accepted for localhost alone, because secrets would cross the network unprotected)")
	}
	// JoinPath cleans the path on each request. It is cleaned here once as well, so that
	// the shown address is the one used. An escaped slash does not count as a slash.
	u = u.JoinPath()
	u.RawPath = strings.TrimRight(u.EscapedPath(), "/")
	if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
		return nil, errors.New("not a URL")
	}
	return u, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// ParseCertificates reads a bundle of PEM certificates. Anything in it that is
// not a certificate (a private key, say) is an error, as is an empty bundle.
func ParseCertificates(bundle []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	rest := bundle
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("PEM block %d is not a certificate", len(certs)+1)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, errors.New("no PEM certificate in it")
	}
	// pem.Decode skips blocks that it cannot read.
	if blocks := bytes.Count(bundle, []byte("-----BEGIN")); blocks != len(certs) {
		return nil, fmt.Errorf("%d of %d PEM blocks are malformed", blocks-len(certs), blocks)
	}
	return certs, nil
}
