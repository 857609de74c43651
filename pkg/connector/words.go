package connector

import (
	"fmt"
	"strings"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// maxRuleDepth bounds how deep mapping rules are followed.
const maxRuleDepth = 16

func isPrivxUser(name string, system bool) bool { return system && name == privx.RoleNameUser }

// builtInMembership is why everybody is a member of privx-user.
const builtInMembership = "built in: every user is a member"

// mappingRulesInWords says who is a member without being granted the role; empty
// if nobody is.
func mappingRulesInWords(role privx.Role, directories directories) string {
	if isPrivxUser(role.Name, role.System) {
		return builtInMembership
	}
	if role.SourceRules == nil {
		return ""
	}
	return ruleInWords(*role.SourceRules, directories, maxRuleDepth)
}

func ruleInWords(rule privx.SourceRule, directories directories, depth int) string {
	if depth == 0 {
		return "…"
	}
	if len(rule.Rules) == 0 {
		if rule.Source == "" && rule.SearchString == "" {
			return ""
		}
		return fmt.Sprintf("users of %s matching %s", directories.label(rule.Source), rule.SearchString)
	}
	var parts []string
	for _, part := range rule.Rules {
		words := ruleInWords(part, directories, depth-1)
		if words == "" {
			continue
		}
		if len(part.Rules) > 1 {
			words = "(" + words + ")"
		}
		parts = append(parts, words)
	}
	joint := " or "
	if rule.Match == "ALL" {
		joint = " and "
	}
	return strings.Join(parts, joint)
}

// contextInWords says when the use of a role is limited; empty if it is not.
// Addresses stay out of it: they tell of the network, not of the access.
func contextInWords(limits *privx.Context) string {
	if limits == nil || !limits.Enabled {
		return ""
	}
	var when []string
	if len(limits.Validity) > 0 {
		when = append(when, "on "+strings.Join(limits.Validity, ", "))
	}
	if limits.StartTime != limits.EndTime {
		when = append(when, fmt.Sprintf("from %s to %s", limits.StartTime, limits.EndTime))
	}
	if len(when) > 0 && limits.Timezone != "" {
		when = append(when, "("+limits.Timezone+")")
	}
	if limitsAddresses(limits.IPMasks) {
		when = append(when, "from certain addresses")
	}
	effect := "use outside of that is audited"
	if limits.BlockRole {
		effect = "use outside of that is blocked"
	}
	if len(when) == 0 {
		when = append(when, "at any time")
	}
	return "usable " + strings.Join(when, " ") + "; " + effect
}

func limitsAddresses(masks []string) bool {
	for _, mask := range masks {
		if mask == "0.0.0.0/0" || mask == "::/0" {
			return false
		}
	}
	return len(masks) > 0
}
