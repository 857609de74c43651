package privxsim

import (
	"fmt"
	"strings"
)

// oddNames are names that trip clients up.
func oddNames(kind string) []string {
	return []string{
		kind + ` "quoted" 'twice'`,
		kind + "/with/slashes",
		kind + "@example.com:22",
		kind + " " + strings.Repeat("long ", (200-len(kind)-1)/5),
		"خادم قاعدة البيانات", // right to left
		kind + " <b>&amp; 100% \\ ääkköset 日本語",
		"  " + kind + " between spaces  ",
	}
}

// addHosts adds the traits first, then ordinary hosts.
func (s *seeder) addHosts(count int) {
	traits := s.hostTraits()
	for i := range max(count, 0) {
		host := s.ordinaryHost(i)
		if i < len(traits) {
			host = traits[i]
		}
		host.Created, host.UpdatedBy = s.created(), "admin"
		s.store.AddHost(host)
	}
}

// ordinaryHost makes the n-th host without a trait.
func (s *seeder) ordinaryHost(n int) Host {
	audited := n%3 == 0
	address := fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
	host := Host{
		CommonName: fmt.Sprintf("%s-%05d.example.com", pick(s, "web", "db", "app", "build"), n),
		Addresses:  []string{address}, ContactAddress: address, AccessGroupID: s.group(),
		Tags: []string{"env=" + pick(s, "prod", "test")}, Zone: pick(s, "", "eu-1"),
		CloudProvider: pick(s, "", "AWS", "AZURE"), AuditEnabled: &audited, Disabled: s.disabled(),
		Services: []Listener{{Service: "SSH", Address: address, Port: 22, Source: "UI"}},
	}
	for _, name := range []string{"root", "oracle", "deploy"} {
		if s.random.IntN(2) == 0 {
			host.Principals = append(host.Principals, s.account(name))
		}
	}
	if n%4 == 0 {
		host.Services[0].Service, host.Services[0].Port = "RDP", 3389
		host.Principals = append(host.Principals, s.account("administrator"), Principal{
			UsernameAttribute: "windows_account", Source: "UI", Roles: s.refs(), TargetDomain: &Handle{ID: domainID(1), Name: "EXAMPLE"},
		})
	}
	if n%5 == 0 {
		host.Principals = append(host.Principals, Principal{UseUserAccount: true, Source: "UI", Roles: s.refs()})
	}
	return host
}

// account is one by its name.
func (s *seeder) account(name string) Principal {
	return Principal{
		Principal: name, Source: "UI", Roles: s.refs(),
		ServiceOptions: &ServiceOptions{SSH: &SSHOptions{Shell: true, FileTransfer: s.random.IntN(2) == 0, Exec: true}},
	}
}

// domainID is the id of a directory in which accounts of hosts are.
func domainID(n int) string { return fmt.Sprintf("d0000000-0000-4000-8000-%012d", n) }

// hostTraits returns the hosts that every tenant has, if it is large enough.
func (s *seeder) hostTraits() []Host {
	yes, no := true, false
	some := []RoleRef{{ID: s.roles[0]}, {ID: s.roles[len(s.roles)/2]}}
	gone := []RoleRef{{ID: s.gone[0]}}
	domain, other := &Handle{ID: domainID(1), Name: "EXAMPLE"}, &Handle{ID: domainID(2), Name: "PARTNER", Deleted: true}
	hosts := []Host{
		{CommonName: "every-account", Addresses: []string{"192.0.2.1", "2001:db8::1"}, AuditEnabled: &yes, StandAloneHost: &no, Principals: []Principal{
			{Principal: "root", Roles: some},
			{Principal: "root", Roles: some, TargetDomain: domain},
			{Principal: "root", Roles: some, TargetDomain: other},
			{UsernameAttribute: "unix_account", Roles: some},
			{UsernameAttribute: "unix_account", Roles: some, TargetDomain: domain},
			{UseUserAccount: true, Roles: some},
			{Roles: some}, // any account: the user types it
		}},
		{CommonName: "accounts-twice", Principals: []Principal{
			{Principal: "root", Roles: some}, {Principal: "root", Roles: some}, {Principal: "root", Roles: s.refs()}, {Principal: "Root", Roles: some},
		}},
		{CommonName: "only-deleted-roles", Principals: []Principal{{Principal: "root", Roles: gone}}},
		{CommonName: "no-roles", Principals: []Principal{{Principal: "root"}}},
		{CommonName: "no-accounts"},
		{CommonName: "everyone", Principals: []Principal{{Principal: "guest", Roles: []RoleRef{{ID: s.store.UserRoleID()}, {ID: s.store.AdminRoleID()}}}}},
		{Addresses: []string{"192.0.2.2"}, Comment: "a host without a name", Principals: []Principal{{Principal: "root", Roles: some}}},
		{Comment: "a host without a name and an address", Principals: []Principal{{Principal: "root", Roles: some}}},
		{CommonName: "disabled", Disabled: DisabledByAdmin, Principals: []Principal{{Principal: "root", Roles: some}}},
		{CommonName: "not-licensed", Disabled: DisabledByLicense, Principals: []Principal{{Principal: "root", Roles: some}}},
		{CommonName: "deleted", Deleted: true, Principals: []Principal{{Principal: "root", Roles: some}}},
		{CommonName: "twins", Principals: []Principal{{Principal: "root", Roles: some}}},
		{CommonName: "twins", Principals: []Principal{{Principal: "root", Roles: some}}},
		s.restrictedHost(some),
	}
	odd := Host{CommonName: "odd-accounts"}
	for _, name := range append(oddNames("account"), `EXAMPLE\admin`, "svc@example.com", "a:b") {
		odd.Principals = append(odd.Principals, Principal{Principal: name, Roles: some})
		hosts = append(hosts, Host{CommonName: name, Principals: []Principal{{Principal: "root", Roles: some}}})
	}
	return append(hosts, odd)
}

// restrictedHost has an account that may do little, a program that it may start, and a
// password that is changed.
func (s *seeder) restrictedHost(some []RoleRef) Host {
	return Host{
		CommonName: "restricted", PasswordRotationEnabled: true,
		Services: []Listener{{Service: "SSH", Address: "192.0.2.3", Port: 22}, {Service: "WEB", Address: "https://192.0.2.3/", Port: 443}},
		PasswordRotation: &PasswordRotation{OperatingSystem: "LINUX", Protocol: "SSH", RotationStatus: []Rotation{
			{Principal: "operator", LastRotated: "2026-10-01T00:00:00.123456Z"},
			{Principal: "oracle", LastError: "2026-10-02T00:00:00Z", LastErrorDetails: CanaryPrefix + "rotation-error"},
		}},
		Principals: []Principal{{
			Principal: "operator", Rotate: true, Roles: some,
			Applications: []Application{{Name: "Backup", Application: "/usr/bin/backup", Arguments: "--password " + CanaryPrefix + "argument"}},
			ServiceOptions: &ServiceOptions{
				SSH: &SSHOptions{Exec: true}, RDP: &DesktopOptions{Audio: true}, Web: &DesktopOptions{Clipboard: true},
				VNC: &VNCOptions{FileTransfer: true}, DB: &DBOptions{MaxBytesUpload: 1 << 40},
			},
			CommandRestrictions: &CommandRestrictions{
				Enabled: true, RShellVariant: "bash", DefaultWhitelist: Handle{ID: domainID(11), Name: "basic commands"},
				Whitelists: []WhitelistGrant{{Whitelist: Handle{ID: domainID(12), Name: "backup"}, Roles: some[:1]}},
			},
		}},
	}
}
