// Command gen writes conf.gen.go from the fields that pkg/config declares.
package main

import (
	"github.com/conductorone/baton-sdk/pkg/config"

	cfg "github.com/conductorone/baton-privx/pkg/config"
)

func main() {
	config.Generate("privx", cfg.Config)
}
