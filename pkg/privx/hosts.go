package privx

import (
	"context"
	"net/http"

	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

const noHosts = "this PrivX has no list of hosts: leave sync-hosts out"

var (
	postHostsSearch = api.Endpoint{Method: http.MethodPost, Path: "/host-store/api/v1/hosts/search", Permission: "hosts-view", IfMissing: noHosts}
	getHosts        = api.Endpoint{Method: http.MethodGet, Path: "/host-store/api/v1/hosts", Permission: "hosts-view", IfMissing: noHosts}
	getHost         = api.Endpoint{Method: http.MethodGet, Path: "/host-store/api/v1/hosts/{}", Permission: "hosts-view"}
)

// Host is a host of PrivX's host store, with the fields that are read. All others (keys,
// certificates, passphrases) are never decoded.
type Host struct {
	ID, CommonName                     string
	Addresses                          []string
	Services                           []HostService
	Tags                               []string
	Zone                               string
	CloudProvider, CloudProviderRegion string
	AccessGroupID                      string
	// Created is RFC 3339; may be empty.
	Created  string
	Disabled Disabled
	// Deleted tells that PrivX lists the host although it is gone.
	Deleted bool
	// Recorded tells whether sessions are recorded; nil where PrivX does not say.
	Recorded *bool
	// Accounts are how one can be on the host. Two of them can be of the same account.
	Accounts  []Account
	Rotations []Rotation
}

// HostService is a way to connect to a host.
type HostService struct {
	// Service is SSH, RDP, VNC, WEB, DB or something newer.
	Service, Address string
	// Port is 0 where PrivX does not say.
	Port int
}

// Rotation is how far the rotation of an account's password has come.
type Rotation struct {
	Principal string
	// LastRotated is RFC 3339; empty for never.
	LastRotated string
	LastError   string
}

// Identity is the id.
func (h Host) Identity() string { return h.ID }

// ListHosts reads a page of all hosts of the access groups that the API client sees. An
// empty token asks for the first page.
//
// Without the permission hosts-view, PrivX does not refuse the search. It shows only the
// hosts that the API client can connect to. So the permission is asked for in another way,
// before the list is read and, as it may be lost meanwhile, once it has been read.
func (c *Client) ListHosts(ctx context.Context, token string) (*Page[Host], error) {
	list := allHosts()
	if token == "" {
		hosts, err := c.mayListHosts(ctx)
		if err != nil {
			return nil, err
		}
		if hosts > 0 {
			list.Emptiness, list.IfEmpty = NeverEmpty, noHostsShown
		}
	}
	rows, err := api.ReadPage[hostRow](ctx, c.api, list, token)
	if err != nil {
		return nil, err
	}
	if rows.Next == "" {
		if _, err := c.mayListHosts(ctx); err != nil {
			return nil, err
		}
	}
	page, err := api.MapPage(rows, func(r hostRow) (Host, error) { return targetOf[hostRow, Host](postHostsSearch, r) })
	if err != nil {
		return nil, err
	}
	return page, c.complete(ctx, rows.Items, page.Items)
}

func allHosts() *api.List {
	rq := postHostsSearch.Request()
	rq.Body = []byte("{}")
	return &api.List{Request: rq}
}

func noHostsShown(l *api.List) *Error {
	e := api.Contradiction(l.Request.Endpoint, "an empty list of hosts, of which PrivX counted some a moment ago").WithKind(api.ShownEmpty)
	e.Hint = "look whether the API client has just lost the permission hosts-view, and sync again"
	return e
}

// mayListHosts finds out whether the API client has the permission to list hosts, and how many
// PrivX counts, below 0 if it does not say. The search must not fall short of that number.
func (c *Client) mayListHosts(ctx context.Context) (int, error) {
	hosts, err := api.CountRows[api.OnlyID](ctx, c.api, &api.List{Request: getHosts.Request()})
	if hosts > 0 {
		c.api.Expect(postHostsSearch, hosts)
	}
	return hosts, err
}

// readAtOnce is how many hosts are read by id at a time.
const readAtOnce = 8

// complete reads the accounts of those hosts by id of which the list does not tell them.
func (c *Client) complete(ctx context.Context, rows []hostRow, hosts []Host) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readAtOnce)
	for i := range rows {
		if !rows[i].Principals.is {
			group.Go(func() error { return c.readAgain(ctx, &hosts[i]) })
		}
	}
	return group.Wait()
}

// readAgain reads a listed host by id. If it is gone by then, it is marked as deleted, and the
// log tells of it. That is believed only if PrivX says so over some seconds: a node that has
// just started may not know the host yet.
func (c *Client) readAgain(ctx context.Context, host *Host) error {
	found, err := api.Insist(ctx, nil, func() (bool, error) {
		read, err := c.GetHost(ctx, host.ID)
		if IsNotFound(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		*host = *read
		return true, nil
	})
	if err == nil && !found {
		ctxzap.Extract(ctx).Warn("baton-privx: host skipped: it was deleted in PrivX during the sync", zap.String("host_id", host.ID))
		host.Deleted = true
	}
	return err
}

// GetHost reads one host.
func (c *Client) GetHost(ctx context.Context, id string) (*Host, error) {
	return readByID[hostRow, Host](ctx, c, getHost, id)
}

// CheckHosts finds out whether hosts can be listed. It asks for the permission itself, which
// the search does not need.
func (c *Client) CheckHosts(ctx context.Context) error {
	return c.checkTargets(ctx, &api.List{Request: getHosts.Request()})
}

// hostRow is a host as PrivX answers it.
type hostRow struct {
	ID         string                   `json:"id"`
	Deleted    bool                     `json:"deleted"`
	Principals told[[]*accountRow]      `json:"principals"`
	Name       text                     `json:"common_name"`
	Addresses  shown[[]text]            `json:"addresses"`
	Services   shown[[]serviceRow]      `json:"services"`
	Tags       shown[[]text]            `json:"tags"`
	Zone       text                     `json:"zone"`
	Cloud      text                     `json:"cloud_provider"`
	Region     text                     `json:"cloud_provider_region"`
	Group      text                     `json:"access_group_id"`
	Created    text                     `json:"created"`
	Disabled   Disabled                 `json:"disabled"`
	Recorded   shown[*bool]             `json:"audit_enabled"`
	Rotation   shown[passwordRotations] `json:"password_rotation"`
}

type serviceRow struct {
	Service text `json:"service"`
	Address text `json:"address"`
	Port    text `json:"port"`
}

type passwordRotations struct {
	Status []struct {
		Principal   text `json:"principal"`
		LastRotated text `json:"last_rotated"`
		LastError   text `json:"last_error"`
	} `json:"rotation_status"`
}

// Identity is the id.
func (r hostRow) Identity() string { return r.ID }

const maxPort = 1<<16 - 1

func (r hostRow) target() (Host, error) {
	h := Host{
		ID: r.ID, CommonName: r.Name.String(), Addresses: texts(r.Addresses.value), Tags: texts(r.Tags.value),
		Zone: r.Zone.String(), CloudProvider: r.Cloud.String(), CloudProviderRegion: r.Region.String(),
		AccessGroupID: r.Group.String(), Created: r.Created.time(),
		Disabled: r.Disabled, Deleted: r.Deleted, Recorded: r.Recorded.value,
	}
	for _, s := range r.Services.value {
		h.Services = append(h.Services, HostService{Service: s.Service.String(), Address: s.Address.String(), Port: s.Port.number(maxPort)})
	}
	for _, s := range r.Rotation.value.Status {
		h.Rotations = append(h.Rotations, Rotation{Principal: s.Principal.String(), LastRotated: s.LastRotated.time(), LastError: s.LastError.time()})
	}
	for _, a := range r.Principals.value {
		if a == nil {
			return Host{}, errNullAccount
		}
		account, err := a.account()
		if err != nil {
			return Host{}, err
		}
		h.Accounts = append(h.Accounts, account)
	}
	return h, nil
}
