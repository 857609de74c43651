package privxsim

import "fmt"

// addSecrets adds the traits first, then ordinary secrets.
func (s *seeder) addSecrets(count int) {
	traits := s.secretTraits()
	for i := range max(count, 0) {
		secret := Secret{Name: fmt.Sprintf("%s-%05d", pick(s, "database", "api-key", "certificate"), i), ReadRoles: s.refs(), WriteRoles: s.refs()}
		if i < len(traits) {
			secret = traits[i]
		}
		secret.Author, secret.Created = "admin", s.created()
		s.store.AddSecret(secret)
	}
}

func (s *seeder) secretTraits() []Secret {
	some := []RoleRef{{ID: s.roles[0]}}
	owner := s.store.Users()[0].ID
	secrets := []Secret{
		{Name: "database", ReadRoles: some, WriteRoles: some},
		{Name: "Database", ReadRoles: some}, // another one
		{Name: "database", OwnerID: owner},
		{Name: "of one user", OwnerID: owner, ReadRoles: some},
		{Name: "only-deleted-roles", ReadRoles: []RoleRef{{ID: s.gone[0]}}, WriteRoles: []RoleRef{{ID: s.gone[1]}}},
	}
	for _, name := range oddNames("secret") {
		secrets = append(secrets, Secret{Name: name, ReadRoles: some})
	}
	return secrets
}

// addNetworkTargets adds those with odd names first, then ordinary ones.
func (s *seeder) addNetworkTargets(count int) {
	names := oddNames("network")
	for i := range max(count, 0) {
		first := fmt.Sprintf("10.200.%d.%d", i>>8&255, i&255)
		nt := NetworkTarget{
			Name: fmt.Sprintf("network-%05d", i), Roles: s.refs(), Tags: []string{"site=" + pick(s, "a", "b")},
			Destinations: []Destination{
				{Selector: Selector{IP: IPRange{Start: first, End: first}, Protocol: "TCP", Port: PortRange{Start: 443, End: 443}}},
				{
					Selector: Selector{IP: IPRange{Start: first, End: "10.200.255.255"}, Protocol: "UDP", Port: PortRange{Start: 1, End: 65535}},
					NAT:      &NAT{Address: "192.0.2.9", Port: 53},
				},
			},
			ExclusiveAccess: i%5 == 0, Disabled: s.disabled(), Author: "admin", Created: s.created(),
		}
		if i < len(names) {
			nt.Name, nt.Destinations, nt.Tags = names[i], nil, nil
		}
		s.store.AddNetworkTarget(nt)
	}
}

// addAPITargets adds those with odd names first, then ordinary ones.
func (s *seeder) addAPITargets(count int) {
	names := oddNames("api")
	for i := range max(count, 0) {
		audited := i%2 == 0
		at := APITarget{
			Name: fmt.Sprintf("api-%05d", i), Roles: s.refs(), AccessGroupID: s.group(), AuditEnabled: &audited,
			AuthorizedEndpoints: []APIEndpoint{{
				Host: fmt.Sprintf("api-%d.example.com:443", i), Protocols: []string{"*"}, Methods: []string{"GET", "POST"}, Paths: []string{"/v1/**"},
			}},
			CredentialType: pick(s, "token", "basicauth", "certificate", "ephemeral-certificate"),
			Disabled:       s.disabled(), Author: "admin", Created: s.created(),
		}
		if i < len(names) {
			at.Name, at.AuthorizedEndpoints, at.AuditEnabled = names[i], nil, nil
		}
		s.store.AddAPITarget(at)
	}
}

// addAWSRoles adds AWS roles of one directory, some of them missing in AWS.
func (s *seeder) addAWSRoles(count int) {
	if count <= 0 {
		return
	}
	source := s.store.AddSource(Source{Name: "Example AWS", Type: "AWS", Enabled: true, Created: s.created()}).ID
	names := oddNames("aws")
	for i := range count {
		role := AWSRole{
			Name: fmt.Sprintf("%s-%05d", pick(s, "admin", "read-only", "billing"), i), Source: source, Roles: s.refs(), Updated: s.created(),
		}
		if i < len(names) {
			role.Name = names[i]
		}
		role.ARN = fmt.Sprintf("arn:aws:iam::%012d:role/%s", 123456789012+i%3, role.Name)
		if i%6 == 5 {
			role.Status = AWSRoleMissing
		}
		s.store.AddAWSRole(role)
	}
}
