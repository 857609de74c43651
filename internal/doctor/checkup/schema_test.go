package checkup_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/checkup"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// schema is the part of JSON Schema that docs/doctor.schema.json needs.
type schema struct {
	Type                 string             `json:"type"`
	Enum                 []any              `json:"enum"`
	Required             []string           `json:"required"`
	AdditionalProperties *bool              `json:"additionalProperties"`
	Properties           map[string]*schema `json:"properties"`
	Items                *schema            `json:"items"`

	seen bool
}

// mistakes are what a value has that the schema does not allow.
func (s *schema) mistakes(at string, value any) []string {
	s.seen = true
	var found []string
	kinds := map[string]bool{"object": false, "array": false, "string": false, "boolean": false, "number": false, "integer": false}
	switch v := value.(type) {
	case map[string]any:
		kinds["object"] = true
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				found = append(found, at+"."+name+" is missing")
			}
		}
		for name, field := range v {
			if s.Properties[name] == nil {
				found = append(found, at+"."+name+" is not in the schema")
				continue
			}
			found = append(found, s.Properties[name].mistakes(at+"."+name, field)...)
		}
	case []any:
		kinds["array"] = true
		for i, item := range v {
			found = append(found, s.Items.mistakes(fmt.Sprintf("%s[%d]", at, i), item)...)
		}
	case string:
		kinds["string"] = true
	case bool:
		kinds["boolean"] = true
	case float64:
		kinds["number"], kinds["integer"] = true, v == float64(int(v))
	}
	if !kinds[s.Type] {
		found = append(found, fmt.Sprintf("%s is no %s: %v", at, s.Type, value))
	}
	if s.Enum != nil && !slices.Contains(s.Enum, value) {
		found = append(found, fmt.Sprintf("%s is none of %v: %v", at, s.Enum, value))
	}
	return found
}

// unseen are the properties that no value had.
func (s *schema) unseen(at string) []string {
	if s == nil {
		return nil
	}
	names := s.Items.unseen(at + "[]")
	if !s.seen {
		names = append(names, at)
	}
	for name, property := range s.Properties {
		names = append(names, property.unseen(at+"."+name)...)
	}
	return names
}

// What the command writes for programs is what the schema describes, and each property of
// the schema is one that it writes.
func TestSchema(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(document), "doctor.schema.json"))
	require.NoError(t, err)
	var described schema
	require.NoError(t, json.Unmarshal(text, &described))
	for _, inject := range []privxsim.Fault{
		{Path: "/none"}, doctortest.Status("", doctortest.TokenPath, 400), doctortest.NoDate(),
		doctortest.Status("", doctortest.RolesPath, 403),
	} {
		site := doctortest.NewSite(t, nil, privxsim.Options{})
		site.Sim.Inject(inject)
		v := &doctor.Visit{Given: site.Given(t)}
		results := checkup.Run(t.Context(), &doctor.Runner{Layers: checkup.Layers(nil)}, v)
		var out bytes.Buffer
		require.NoError(t, doctor.WriteJSON(&out, v, results, doctor.Summarize(v, results, time.Second), false))
		var value any
		require.NoError(t, json.Unmarshal(out.Bytes(), &value))
		require.Empty(t, described.mistakes("output", value))
	}
	require.Empty(t, described.unseen("output"))
}
