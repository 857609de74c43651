// This module is apart from the product's, so that the scanner of licences does
// not become a dependency of the product.
module github.com/conductorone/baton-privx/tools/notice

go 1.25.2

require github.com/google/licensecheck v0.3.1
