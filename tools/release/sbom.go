package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

// bom is an SBOM in CycloneDX's format, as far as Go's build information fills it.
type bom struct {
	BOMFormat   string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Ref        string     `json:"bom-ref"`
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// sbom lists the modules that are linked into a program, and Go's own library.
func sbom(binary, version string, when time.Time, w io.Writer) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	if len(info.Deps) == 0 {
		return fmt.Errorf("%s tells of no modules", binary)
	}
	content, err := os.ReadFile(binary) //nolint:gosec // The caller names it.
	if err != nil {
		return err
	}
	list := listed(info, version, when)
	digest := sha256.Sum256(content)
	list.Metadata.Component.Hashes = []hash{{"SHA-256", hex.EncodeToString(digest[:])}}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(list)
}

func listed(info *debug.BuildInfo, version string, when time.Time) bom {
	program := moduleOf("application", info.Main.Path, version)
	for _, setting := range info.Settings {
		if setting.Key == "GOOS" || setting.Key == "GOARCH" {
			program.Properties = append(program.Properties, property{"go:" + setting.Key, setting.Value})
		}
	}
	components := []component{moduleOf("library", "stdlib", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, module := range info.Deps {
		components = append(components, linked(module))
	}
	return bom{
		BOMFormat: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata:   metadata{when.Format(time.RFC3339), program},
		Components: components,
	}
}

// linked is a module as it is linked: what replaces it, where something does.
func linked(module *debug.Module) component {
	if module.Replace != nil {
		module = module.Replace
	}
	c := moduleOf("library", module.Path, module.Version)
	c.Properties = []property{{"go:sum", module.Sum}}
	return c
}

func moduleOf(kind, path, version string) component {
	purl := "pkg:golang/" + path + "@" + url.QueryEscape(version)
	return component{Ref: purl, Type: kind, Name: path, Version: version, PURL: purl}
}
