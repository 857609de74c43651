package connector

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// PermissionTable is the table of permissions in the documentation, a line each.
func PermissionTable() []string {
	lines := []string{
		"| Permission of the API client in PrivX | For | Setting | Without the permission | PrivX |",
		"|---|---|---|---|---|",
	}
	for _, row := range capabilities {
		setting := ""
		if row.setting != "" {
			setting = "`--" + row.setting + "`"
		}
		permissions := "none"
		if len(row.permissions) > 0 {
			permissions = "`" + strings.Join(row.permissions, "`, `") + "`"
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s | %s and later |",
			permissions, row.purpose, setting, row.without, row.since))
	}
	return lines
}

// Permissions are those that the rows for which keep is true need.
func Permissions(keep func(optional bool, setting string) bool) []string {
	var all []string
	for _, row := range capabilities {
		if keep(row.resourceType == "", row.setting) {
			all = append(all, row.permissions...)
		}
	}
	return all
}

// Settings are the flags that ask for capabilities, those of syncers apart.
func Settings() ([]string, []string) {
	var ofSyncers, others []string
	for _, row := range capabilities {
		switch {
		case row.setting == "":
		case row.syncer != nil:
			ofSyncers = append(ofSyncers, row.setting)
		default:
			others = append(others, row.setting)
		}
	}
	return ofSyncers, others
}

// Asked makes a connector for which the settings are on that are named; for nil, it has
// no configuration.
func Asked(settings []string) *Connector {
	if settings == nil {
		return &Connector{}
	}
	return &Connector{asked: func(setting string) bool { return slices.Contains(settings, setting) }}
}

// SyncersWith are a connector's syncers if there were one more row in the table, with
// that setting.
func SyncersWith(c *Connector, setting string) []connectorbuilder.ResourceSyncerV2 {
	return c.syncers(append(slices.Clone(capabilities), capability{setting: setting, syncer: newUserSyncer}))
}

// CheckWith is a connector's validation if there were only that one row in the table.
func CheckWith(ctx context.Context, c *Connector, setting string, check func() error) error {
	return c.check(ctx, []capability{{setting: setting, check: func(*privx.Client, context.Context) error { return check() }}})
}
