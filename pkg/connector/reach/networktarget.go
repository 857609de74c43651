package reach

import (
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// access is the slug of using a network target or an API target.
const access = "access"

// OfNetworkTarget makes a target of a network target.
func OfNetworkTarget(network privx.NetworkTarget) Target {
	t := Target{Kind: NetworkTarget, ID: network.ID, Name: firstOf(network.Name, network.ID), Created: network.Created, Disabled: whyDisabled(network.Disabled)}
	destinations := make([]string, 0, len(network.Destinations))
	for _, destination := range network.Destinations {
		destinations = append(destinations, destinationInWords(destination))
	}
	t.Profile = profileOf(map[string]string{
		"name":         t.Name,
		"destinations": strings.Join(destinations, ", "),
		"tags":         strings.Join(network.Tags, ", "),
		"disabled":     t.Disabled,
	})
	t.Profile["exclusive_access"] = network.ExclusiveAccess
	t.Ways = []Way{{
		Slug: access, Name: "Access to " + t.Name, Text: "Connect to the network target " + t.Name + ".",
		Label: access, Roles: rolesOf(network.Roles),
	}}
	return t
}

func destinationInWords(to privx.Destination) string {
	words := strings.TrimSpace(to.Protocol + " " + to.Addresses)
	if to.Ports != "" {
		words += " port " + to.Ports
	}
	return strings.TrimSpace(words)
}

// firstOf is the first of the names that is not blank.
func firstOf(names ...string) string {
	i := slices.IndexFunc(names, func(name string) bool { return strings.TrimSpace(name) != "" })
	if i < 0 {
		return ""
	}
	return names[i]
}
