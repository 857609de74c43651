// This module is apart from the product's, so that the vendor's client does not
// become a dependency of the product. The path lets it import the simulator.
module github.com/conductorone/baton-privx/internal/privxsim/vendorclient

go 1.25.2

require (
	github.com/SSHcom/privx-sdk-go/v2 v2.44.0
	github.com/conductorone/baton-privx v0.0.0
)

require github.com/BurntSushi/toml v1.3.2 // indirect

replace github.com/conductorone/baton-privx => ../../..
