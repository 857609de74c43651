package privx

import "errors"

// Account is a way to be on a host. PrivX gives it no id.
type Account struct {
	// Principal is the account's name. It can be empty if one of the next two is set, or if
	// the user types the name himself.
	Principal string
	// UsernameAttribute names the attribute of a user that holds the name of his account.
	UsernameAttribute string
	// UseUserAccount tells that each user has an account of his own name.
	UseUserAccount bool
	// Domain is the domain whose account it is; nil for one of the host itself.
	Domain *Named
	// Roles are those whose members may use the account.
	Roles []RoleRef
	// Options tell what may be done, by protocol (ssh) and option (shell, file_transfer).
	Options map[string]map[string]bool
	// Commands restrict what may be run; nil where PrivX does not say.
	Commands *CommandRestrictions
	// Applications are the names of those that can be opened.
	Applications []string
}

// CommandRestrictions are which commands may be run with an account.
type CommandRestrictions struct {
	Enabled bool
	// DefaultWhitelist holds for roles that have none of their own; nil for none.
	DefaultWhitelist *Named
	Whitelists       []Whitelist
	// AllowNoMatch tells that commands may be run that are in no whitelist.
	AllowNoMatch bool
}

// Whitelist is a list of commands that roles may run.
type Whitelist struct {
	Whitelist Named
	Roles     []RoleRef
}

// accountRow is an account as PrivX answers it. Its passphrase is never decoded.
type accountRow struct {
	Principal         string                           `json:"principal"`
	UsernameAttribute string                           `json:"username_attribute"`
	UseUserAccount    bool                             `json:"use_user_account"`
	Domain            *Named                           `json:"target_domain"`
	Roles             []RoleRef                        `json:"roles"`
	Options           shown[map[string]map[string]any] `json:"service_options"`
	Commands          shown[*commandsRow]              `json:"command_restrictions"`
	Applications      shown[[]applicationRow]          `json:"applications"`
}

type applicationRow struct {
	Name text `json:"name"`
}

type commandsRow struct {
	Enabled    bool         `json:"enabled"`
	Default    shown[Named] `json:"default_whitelist"`
	Whitelists shown[[]struct {
		Whitelist shown[Named]     `json:"whitelist"`
		Roles     shown[[]RoleRef] `json:"roles"`
	}] `json:"whitelists"`
	AllowNoMatch bool `json:"allow_no_match"`
}

var errNullAccount = errors.New("null in place of an account")

var errNoDomainID = errors.New("an account of a domain without an id")

func (r accountRow) account() (Account, error) {
	a := Account{
		Principal: r.Principal, UsernameAttribute: r.UsernameAttribute, UseUserAccount: r.UseUserAccount,
		Roles: r.Roles, Options: options(r.Options.value), Commands: r.Commands.value.restrictions(),
	}
	if r.Domain != nil && *r.Domain != (Named{}) {
		a.Domain = r.Domain
		if a.Domain.ID == "" {
			return Account{}, errNoDomainID
		}
	}
	for _, application := range r.Applications.value {
		if application.Name != "" {
			a.Applications = append(a.Applications, application.Name.String())
		}
	}
	return a, checkRefs(a.Roles)
}

// options are those that are booleans; others are limits, and not what may be done.
func options(all map[string]map[string]any) map[string]map[string]bool {
	var kept map[string]map[string]bool
	for protocol, of := range all {
		for option, value := range of {
			allowed, isBool := value.(bool)
			if !isBool {
				continue
			}
			if kept == nil {
				kept = make(map[string]map[string]bool)
			}
			if kept[protocol] == nil {
				kept[protocol] = make(map[string]bool)
			}
			kept[protocol][option] = allowed
		}
	}
	return kept
}

func (r *commandsRow) restrictions() *CommandRestrictions {
	if r == nil {
		return nil
	}
	c := &CommandRestrictions{Enabled: r.Enabled, AllowNoMatch: r.AllowNoMatch}
	if r.Default.value.ID != "" {
		c.DefaultWhitelist = &r.Default.value
	}
	for _, w := range r.Whitelists.value {
		if w.Whitelist.value.ID != "" {
			c.Whitelists = append(c.Whitelists, Whitelist{Whitelist: w.Whitelist.value, Roles: w.Roles.value})
		}
	}
	return c
}
