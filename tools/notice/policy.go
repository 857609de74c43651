package main

// allowed are the licences that may be in a binary under the Apache License 2.0.
// They are SPDX names. Nothing else may be there, however good it is, until
// somebody has read it and added it.
var allowed = map[string]bool{
	"Apache-2.0":   true, // the text is LICENSE; NOTICE files are passed on
	"BSD-1-Clause": true, // asks for nothing of a binary
	"BSD-2-Clause": true, // the text is passed on
	"BSD-3-Clause": true, // the text is passed on
	"ISC":          true, // the text is passed on
	"MIT":          true, // the text is passed on
	"MIT-0":        true, // asks for nothing
	"MPL-2.0":      true, // by file: recipients are told where its source is, which is as published
}

// ignored are files that look like licences and are not ones of what is linked.
var ignored = map[string]string{
	"github.com/aws/aws-lambda-go/LICENSE-SUMMARY": "says which of the module's two licences is for what",
	"modernc.org/memory/LICENSE-LOGO":              "the address of a picture",
}

// recognised are texts that the scanner does not know, read by hand. They go by
// their SHA-256, as a text that changes has to be read again.
var recognised = map[string][]string{
	// modernc.org/libc/LICENSE-3RD-PARTY.md: Go, musl with its authors, go-netdb, nixpkgs
	"f597097efe3d97021f89170746bd3a0fb9a8b6fb26b82043ed68a4e0283bee6c": {"BSD-2-Clause", "BSD-3-Clause", "MIT"},
	// modernc.org/sqlite/SQLITE-LICENSE: SQLite itself
	"8438c9c89b849131ead81d5435cb97fcf052df5b0b286dda8a2d4c29e6cb3fd0": {"public domain"},
}

// suspicious are words for licences that a source file may name though the
// module's licence file does not.
var suspicious = []string{
	"Business Source", "Commons Clause", "Community License", "Elastic License", "PolyForm",
	"Public License", "Public Source License", "Server Side Public",
}

// reviewed are the modules whose linked source files do that, with the reason why
// they may.
var reviewed = map[string]string{
	"github.com/cockroachdb/logtags": `Its files name the Business Source License, with 2022-10-01 as the date from
which they are under the Apache License 2.0 instead. That date has passed.`,
	"modernc.org/libc":   generatedFromHeaders,
	"modernc.org/sqlite": generatedFromHeaders,
}

const generatedFromHeaders = `Its files with the constants, types and variables of C headers keep the comments
of those headers, with their licences: BSD, the Apple Public Source License, the
GNU Lesser General Public License 2.1, whose section 5 does not restrict object
code that uses such declarations alone, and the GNU General Public License 3 with
the GCC Runtime Library Exception. Nothing but declarations comes from them.`
