package rolestore

import (
	"encoding/json"
	"fmt"
	"strings"
)

var (
	canarySettings = json.RawMessage(`{"locale":{"locale":"en"},"note":"` + CanaryPrefix + `settings"}`)
	canaryKeys     = []AuthorizedKey{{
		ID: "3f0d2a54-7f0e-4b7e-8a0f-6f6f0b0f2a11", Name: "laptop",
		PublicKey: "ssh-ed25519 " + CanaryPrefix + "authorized-key",
	}}
)

// userTrait is a user that trips clients up, of a source by its name.
type userTrait struct {
	User

	source string
}

// userTraits returns the users that every tenant has, if it is large enough.
func userTraits() []userTrait {
	return []userTrait{
		{User{ // as in the recorded answer
			Principal: adminPrincipal, FullName: "Super User", Email: "root@localhost", DistinguishedName: adminPrincipal,
			WindowsAccount: "Administrator", UnixAccount: "root",
			Created: "2017-12-15T00:00:00.000000Z", Updated: "2017-12-15T00:00:00.000000Z",
		}, ""},
		{User{
			Principal: "alex", FullName: "Alex Example", Email: "alex@example.com", Department: "test",
			DistinguishedName: "alex", WindowsAccount: "alex", UnixAccount: "alex", Created: "2024-07-08T16:58:49.468196Z",
		}, ""},
		// Names in several scripts.
		{User{Principal: "yamada", FullName: "山田 太郎", FirstName: "太郎", LastName: "山田", Email: "yamada@example.com", Locale: "ja_JP"}, sourceAD},
		{User{
			Principal: "mpapadopoulou", FullName: "Μαρία Παπαδοπούλου", Email: "maria@example.com",
			MFA: MFA{Status: "ENABLED", UserStatus: "enabled", MobileStatus: "ENABLED", Seed: MFASeed{CanaryPrefix + "mfa-seed"}},
		}, sourceAD},
		{User{Principal: "dsokolov", FullName: "Дмитрий Соколов", Email: "sokolov@example.com", MFA: MFA{Status: "DEFAULT", UserStatus: "default", MobileStatus: "DEFAULT"}}, sourceLDAP},
		{User{Principal: "alfarsi", FullName: "محمد الفارسي", Email: "alfarsi@example.com", MFA: MFA{Status: "DISABLED", UserStatus: "disabled"}}, sourceAD},
		{User{Principal: "jnunez", FullName: "Jose\u0301 Nu\u0301n\u0303ez", Email: "jnunez@example.com", Comment: "name in decomposed letters"}, sourceAD},
		{User{Principal: "zoe", FullName: "Zoë 👩‍💻 \"Z\" <O'Neill> & Co.", Email: "zoe+privx@example.com"}, ""},
		{User{Principal: "김민준", FullName: "김민준", Email: "minjun@xn--example-9k0s.example"}, sourceLDAP},
		// Equal names, and equal principals and addresses in two directories.
		{User{Principal: "jsmith", FullName: "John Smith", Email: "john.smith@example.com", SAMAccountName: "jsmith", JobTitle: "Engineer"}, sourceAD},
		{User{Principal: "jsmith2", FullName: "John Smith", Email: "john.smith2@example.com", SAMAccountName: "jsmith2"}, sourceAD},
		{User{Principal: "jsmith", FullName: "John Smith", Email: "john.smith@example.com"}, sourceLDAP},
		// What may be missing.
		{User{Principal: "noemail", FullName: "No Address"}, sourceLDAP},
		{User{Principal: "noname", Email: "noname@example.com"}, sourceLDAP},
		{User{Principal: "neither"}, sourceAD},
		// An account by which hosts are administered, as a login name.
		{User{
			Principal: "svc-backup", FullName: "Backup", SAMAccountName: "Administrator", WindowsAccount: "Administrator",
			UnixAccount: "root", Attributes: []Attribute{{"windows_sid", CanaryPrefix + "windows-sid"}},
		}, sourceAD},
		// What an identity provider says, some of it secret.
		{User{
			Principal: "oidc|c2FtcGxl", SourceUserID: "c2FtcGxl", FullName: "Ida Oidc", Email: "ida@example.com",
			Attributes: []Attribute{{"groups", "ops,dev"}, {"windows_sid", CanaryPrefix + "oidc-windows-sid"}, {"groups", "second value"}},
			Extra:      map[string]json.RawMessage{"implicit_roles_expired": json.RawMessage("true")},
		}, sourceOIDC},
		{User{Principal: "formerly", FullName: "Former Colleague", Email: "former@example.com"}, sourceDisabled},
		{User{
			Principal: "collector", FullName: "Keys and Settings", Email: "collector@example.com", Telephone: "+358 40 000 0000",
			JobTitle: "Archivist", Company: "Example Corp", Department: "Records", Locale: "fi_FI", Author: adminPrincipal,
			UpdatedBy: adminPrincipal, Updated: "2024-07-09T21:21:07.31022Z", Tags: []string{"a", "ä", ""},
			Comment: strings.Repeat("Pitkä selite. ", 300), Settings: canarySettings, AuthorizedKeys: canaryKeys,
		}, ""},
	}
}

// personNames are what ordinary users are called.
var personNames = []struct {
	login, locale string
	first, last   []string
}{
	{"user", "en_US", []string{"Ann", "Ben", "Carol", "David", "Eve"}, []string{"Miller", "O'Brien", "Smith", "van der Berg", "Young"}},
	{"kayttaja", "fi_FI", []string{"Aino", "Eero", "Päivi", "Väinö"}, []string{"Hämäläinen", "Korhonen", "Mäkelä", "Yli-Öyrä"}},
	{"riyo", "ja_JP", []string{"花子", "一郎", "さくら"}, []string{"佐藤", "鈴木", "高橋"}},
	{"polz", "uk_UA", []string{"Олена", "Андрій", "Юлія"}, []string{"Шевченко", "Коваленко", "Їжакевич"}},
	{"mustakhdim", "ar_EG", []string{"فاطمة", "أحمد", "ليلى"}, []string{"حسن", "الشريف", "منصور"}},
	{"upyogkarta", "hi_IN", []string{"दीपक", "प्रिया", "अनिल"}, []string{"शर्मा", "वर्मा", "गुप्ता"}},
}

var (
	departments = []string{"Engineering", "Finance", "Operations", "Sales", "人事部", "Kehitys"}
	jobTitles   = []string{"Administrator", "Analyst", "Engineer", "Manager", "", "Ingénieur"}
)

// roleTrait is a role that trips clients up, with how its members belong to it.
type roleTrait struct {
	Role

	kinds []string
}

// roleTraits returns the roles that every tenant has, if it is large enough.
func (s *seeder) roleTraits() []roleTrait {
	mapping := Rule{Type: "GROUP", Match: "ANY", Rules: []Rule{
		{Type: "RULE", Source: s.sources[sourceAD], SearchString: "(&(memberOf=CN=DBA,OU=Groups,DC=example,DC=com)(!(cn=test*)))"},
		{Type: "GROUP", Match: "ALL", Rules: []Rule{
			{Type: "RULE", Source: s.sources[sourceLDAP], SearchString: "(department=Sähkö \\28A\\29)"},
			{Type: "RULE", Source: s.sources[sourceLDAP], SearchString: "(|(title=Engineer)(title=Analyst))"},
		}},
	}}
	return []roleTrait{
		{Role{Name: "Empty role", Comment: "nobody has it"}, nil},
		{Role{Name: "Database administrators", Permissions: []string{"connections-manual", "hosts-view"}, Rules: mapping, Context: Context{
			Enabled: true, BlockRole: true, Validity: []string{"MON", "TUE", "WED", "THU", "FRI"},
			StartTime: "08:00", EndTime: "16:30", TimeZone: "Europe/Helsinki", IPMasks: []string{"10.0.0.0/8", CanaryIPMask},
		}}, []string{kindMapped}},
		{Role{Name: "Operators", Comment: "of Helsinki", Permissions: []string{"connections-manual"}}, []string{kindPermanent}},
		{Role{Name: "Operators", Comment: "of Osaka"}, []string{kindPermanent, kindBoth}},
		{Role{Name: "Long story", Comment: strings.Repeat("長い説明です。", 150), Tags: []string{"long", "説明"}}, []string{kindPlain}},
		{Role{Name: "Audited by night", PermitAgent: true, Context: Context{
			Enabled: true, Validity: []string{"SAT", "SUN"}, StartTime: "22:00", EndTime: "06:00", TimeZone: "UTC", IPMasks: []string{"0.0.0.0/0"},
		}, PrincipalPublicKeys: []string{"ssh-rsa " + CanaryPrefix + "principal-key"}}, mixture},
		{Role{Name: "Emergency access", Comment: "for a while"}, []string{kindFloating, kindPeriods, kindLegacy, kindBothForms}},
		{Role{Name: "Summer 2020"}, []string{kindExpired, kindNotStarted}},
		{Role{Name: "Made by a directory", OwnerSource: s.sources[sourceAD]}, []string{kindMapped}},
		{Role{Name: "ääkköset & \"quotes\" <b>/日本語"}, mixture},
	}
}

// ordinaryRole makes the n-th role without a trait.
func (s *seeder) ordinaryRole(n int) Role {
	role := Role{
		Name:        fmt.Sprintf("%s %s %d", pick(s.random, departments), pick(s.random, []string{"hosts", "databases", "network", "secrets"}), n),
		Permissions: []string{"connections-manual"},
		Context:     Context{BlockRole: true, Validity: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}, StartTime: "00:00", EndTime: "00:00", TimeZone: "America/Los_Angeles"},
	}
	if n%3 == 0 {
		role.Comment = "Access to " + role.Name
	}
	if n%4 == 0 {
		role.Rules = Rule{Type: "GROUP", Match: "ANY", Rules: []Rule{
			{Type: "RULE", Source: s.sources[sourceAD], SearchString: fmt.Sprintf("(memberOf=CN=Group%d)", n)},
		}}
	}
	return role
}
