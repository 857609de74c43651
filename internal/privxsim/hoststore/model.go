package hoststore

import (
	"encoding/json"

	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// Host is a host as the host store shows one. Its secrets are none of its fields: every
// host that is shown carries canaries in their place.
type Host struct {
	ID                      string            `json:"id"`
	CommonName              string            `json:"common_name"`
	Addresses               []string          `json:"addresses"`
	Services                []Listener        `json:"services"`
	Principals              []Principal       `json:"principals"`
	Tags                    []string          `json:"tags"`
	AccessGroupID           string            `json:"access_group_id"`
	SourceID                string            `json:"source_id"`
	ExternalID              string            `json:"external_id"`
	InstanceID              string            `json:"instance_id"`
	ContactAddress          string            `json:"contact_address"`
	CloudProvider           string            `json:"cloud_provider"`
	CloudProviderRegion     string            `json:"cloud_provider_region"`
	DistinguishedName       string            `json:"distinguished_name"`
	Organization            string            `json:"organization"`
	OrganizationalUnit      string            `json:"organizational_unit"`
	Zone                    string            `json:"zone"`
	Scope                   []string          `json:"scope"`
	HostType                string            `json:"host_type"`
	HostClassification      string            `json:"host_classification"`
	Comment                 string            `json:"comment"`
	UserMessage             string            `json:"user_message"`
	Deployable              *bool             `json:"deployable,omitempty"`
	TOFU                    *bool             `json:"tofu,omitempty"`
	TOCH                    *bool             `json:"toch"`
	StandAloneHost          *bool             `json:"stand_alone_host"`
	AuditEnabled            *bool             `json:"audit_enabled,omitempty"`
	PasswordRotationEnabled bool              `json:"password_rotation_enabled"`
	PasswordRotation        *PasswordRotation `json:"password_rotation,omitempty"`
	Status                  []Status          `json:"status"`
	Created                 string            `json:"created"`
	Updated                 string            `json:"updated"`
	UpdatedBy               string            `json:"updated_by"`
	// Disabled is why it is disabled; "" where it is not.
	Disabled string `json:"-"`
	Deleted  bool   `json:"deleted,omitempty"`

	// Extra holds further members of the JSON object; they win over the fields.
	Extra map[string]json.RawMessage `json:"-"`
}

// Listener is a service of a host. A real one has about forty more fields, which say
// how the web interface shows it.
type Listener struct {
	Service       string `json:"service"` // SSH, RDP, WEB, VNC or DB
	Address       string `json:"address"`
	Port          int    `json:"port"`
	Source        string `json:"source"`
	Realm         string `json:"realm,omitempty"`
	AuthType      string `json:"auth_type"`
	Status        string `json:"status"`
	StatusUpdated string `json:"status_updated"`
}

// Principal is an account of a host, and the roles that reach it: one by its name, one
// whose name is an attribute of the user, or the user's own.
type Principal struct {
	Principal              string               `json:"principal"`
	TargetDomain           *target.Handle       `json:"target_domain,omitempty"`
	Rotate                 bool                 `json:"rotate"`
	UseForPasswordRotation bool                 `json:"use_for_password_rotation"`
	UsernameAttribute      string               `json:"username_attribute"`
	UseUserAccount         bool                 `json:"use_user_account"`
	Source                 string               `json:"source"`
	Roles                  []target.RoleRef     `json:"roles"`
	Applications           []Application        `json:"applications"`
	ServiceOptions         *ServiceOptions      `json:"service_options,omitempty"`
	CommandRestrictions    *CommandRestrictions `json:"command_restrictions,omitempty"`
}

// Application is a program that an account may start.
type Application struct {
	Name             string `json:"name,omitempty"`
	Application      string `json:"application,omitempty"`
	Arguments        string `json:"arguments,omitempty"`
	WorkingDirectory string `json:"working_directory,omitempty"`
}

// ServiceOptions say what an account may do, by protocol.
type ServiceOptions struct {
	SSH *SSHOptions     `json:"ssh,omitempty"`
	RDP *DesktopOptions `json:"rdp,omitempty"`
	Web *DesktopOptions `json:"web,omitempty"`
	VNC *VNCOptions     `json:"vnc,omitempty"`
	DB  *DBOptions      `json:"db,omitempty"`
}

// SSHOptions are those of SSH.
type SSHOptions struct {
	Shell        bool `json:"shell"`
	FileTransfer bool `json:"file_transfer"`
	Exec         bool `json:"exec"`
	Tunnels      bool `json:"tunnels"`
	X11          bool `json:"x11"`
	Other        bool `json:"other"`
}

// DesktopOptions are those of RDP and of web sites.
type DesktopOptions struct {
	FileTransfer bool `json:"file_transfer"`
	Audio        bool `json:"audio"`
	Clipboard    bool `json:"clipboard"`
}

// VNCOptions are those of VNC.
type VNCOptions struct {
	FileTransfer bool `json:"file_transfer"`
	Clipboard    bool `json:"clipboard"`
}

// DBOptions are those of databases.
type DBOptions struct {
	MaxBytesUpload   int64 `json:"max_bytes_upload,omitempty"`
	MaxBytesDownload int64 `json:"max_bytes_download,omitempty"`
}

// CommandRestrictions say which commands an account may give.
type CommandRestrictions struct {
	Enabled          bool             `json:"enabled"`
	RShellVariant    string           `json:"rshell_variant,omitempty"`
	DefaultWhitelist target.Handle    `json:"default_whitelist"`
	Whitelists       []WhitelistGrant `json:"whitelists"`
	AllowNoMatch     bool             `json:"allow_no_match,omitempty"`
	AuditMatch       bool             `json:"audit_match,omitempty"`
	AuditNoMatch     bool             `json:"audit_no_match,omitempty"`
	Banner           string           `json:"banner,omitempty"`
}

// WhitelistGrant is a list of commands that some roles may give.
type WhitelistGrant struct {
	Whitelist target.Handle    `json:"whitelist"`
	Roles     []target.RoleRef `json:"roles"`
}

// PasswordRotation says how the passwords of a host's accounts are changed.
type PasswordRotation struct {
	AccessGroupID    string     `json:"access_group_id"`
	UseMainAccount   bool       `json:"use_main_account"`
	OperatingSystem  string     `json:"operating_system"`
	Protocol         string     `json:"protocol"`
	PasswordPolicyID string     `json:"password_policy_id"`
	ScriptTemplateID string     `json:"script_template_id"`
	RotationStatus   []Rotation `json:"rotation_status,omitempty"`
}

// Rotation is when the password of an account was changed.
type Rotation struct {
	Principal        string `json:"principal"`
	LastRotated      string `json:"last_rotated,omitempty"`
	LastError        string `json:"last_error,omitempty"`
	LastErrorDetails string `json:"last_error_details"`
}

// Status is a thing that the host store says of a host.
type Status struct {
	Key   string `json:"k"`
	Value string `json:"v"`
}
