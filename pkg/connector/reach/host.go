package reach

import (
	"slices"
	"strconv"
	"strings"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// OfHost makes a target of a host.
func OfHost(host privx.Host, groups Groups) Target {
	t := Target{
		Kind: Host, ID: host.ID, Name: hostName(host), Created: host.Created,
		Disabled: whyDisabled(host.Disabled), Recorded: host.Recorded, Group: host.AccessGroupID, Gone: host.Deleted,
	}
	t.Profile = profileOf(map[string]string{
		"name":              t.Name,
		"addresses":         strings.Join(host.Addresses, ", "),
		"services":          servicesInWords(host.Services),
		"tags":              strings.Join(host.Tags, ", "),
		"zone":              host.Zone,
		"cloud_provider":    host.CloudProvider,
		"cloud_region":      host.CloudProviderRegion,
		"access_group_id":   host.AccessGroupID,
		"access_group_name": groups[privx.CanonicalID(host.AccessGroupID)],
		"disabled":          t.Disabled,
	})
	noteRecorded(t)
	rotations := make(map[string]privx.Rotation, len(host.Rotations))
	for _, rotation := range host.Rotations {
		rotations[rotation.Principal] = rotation
	}
	ways := make([]Way, 0, len(host.Accounts))
	for _, account := range host.Accounts {
		ways = append(ways, accountWay(t.Name, account, rotations))
	}
	t.Ways = merged(ways)
	return t
}

// hostName is what to call a host: its name, which may be empty, its first address or its id.
func hostName(host privx.Host) string {
	return firstOf(append(append([]string{host.CommonName}, host.Addresses...), host.ID)...)
}

// noteRecorded puts into the profile whether sessions are recorded, where PrivX says.
func noteRecorded(t Target) {
	if t.Recorded != nil {
		t.Profile["recorded"] = *t.Recorded
	}
}

func servicesInWords(services []privx.HostService) string {
	words := make([]string, 0, len(services))
	for _, service := range services {
		at := service.Address
		if service.Port > 0 {
			at = strings.TrimPrefix(at+":"+strconv.Itoa(service.Port), ":")
		}
		words = append(words, strings.TrimSpace(service.Service+" "+at))
	}
	slices.Sort(words)
	return strings.Join(slices.Compact(words), ", ")
}
