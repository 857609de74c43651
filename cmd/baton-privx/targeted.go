package main

import (
	"github.com/conductorone/baton-sdk/pkg/bid"
	"github.com/spf13/viper"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector"
)

// checkTargeted refuses to sync single things of a kind that is not synced. baton-sdk v0.26.0
// would leave them out with a warning, and end well.
func checkTargeted(settings *viper.Viper) error {
	const setting = "sync-resources"
	for _, text := range settings.GetStringSlice(setting) {
		one, err := bid.ParseResourceBid(text)
		if err != nil {
			continue // baton-sdk says what is wrong with it.
		}
		kind := one.GetId().GetResourceType()
		switch needs, known := connector.SettingOf(kind); {
		case !known:
			return &config.Error{ID: errorid.SettingUnfit, Field: setting, Problem: "there is no resource type " + kind}
		case needs != "" && !settings.GetBool(needs):
			return &config.Error{ID: errorid.SettingUnfit, Field: setting, Problem: "the resource type " + kind + " needs " + needs}
		}
	}
	return nil
}
