package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"text/template"
)

// A help is what a command of the program tells with --help.
type help struct {
	Name  string
	Text  []string // by paragraph
	Flags []flag
}

type flag struct{ Name, Text string }

var (
	commandLine = regexp.MustCompile(`^  ([a-z][a-z-]*) +\S`)
	flagLine    = regexp.MustCompile(`^ +((?:-\w, )?--[a-z0-9-]+(?: \w+)?) {2,}(.*)$`)
)

// page is a man page: see groff_man(7).
var page = template.Must(template.New("man").Funcs(template.FuncMap{"roff": roff}).Parse(
	`.TH BATON-PRIVX 1 "{{.Date}}" "baton-privx {{roff .Version}}"
.SH NAME
baton\-privx \- Baton connector for PrivX
.SH SYNOPSIS
.B baton\-privx
.RI [ flags ]
.br
.B baton\-privx
.I command
.RI [ flags ]
.SH DESCRIPTION
Without a command, the connector reads PrivX's users, roles and memberships once and
writes them to a file. With the credentials of ConductorOne
.RB ( \-\-client\-id ", " \-\-client\-secret )
it runs as a service that does what ConductorOne asks for.
.PP
A setting is a flag, the environment variable in brackets behind its description, or
a key of a YAML file with the flag's name. A flag wins over a variable, and a variable
over the file. Give secrets by variable or file: a flag can be read in the list of processes.
.SH OPTIONS
{{template "flags" .Root.Flags}}.SH COMMANDS
{{range .Commands}}.SS {{roff .Name}}
{{range .Text}}{{roff .}}
.PP
{{end}}{{template "flags" .Flags}}{{end}}.SH FILES
.TP
.I .baton.yaml
The settings, in the current folder. The variable
.B BATON_CONFIG_PATH
names another file, which must end in .yaml or .yml.
.SH SEE ALSO
https://github.com/conductorone/baton\-privx
{{define "flags"}}{{range .}}.TP
.B {{roff .Name}}
{{roff .Text}}
{{end}}{{end}}`))

// man writes the man page of a program, from its own help.
func man(ctx context.Context, binary, version, date string, w io.Writer) error {
	root, names, err := ask(ctx, binary)
	if err != nil {
		return err
	}
	var commands []help
	for _, name := range names {
		if name == "help" {
			continue
		}
		command, _, err := ask(ctx, binary, name)
		if err != nil {
			return err
		}
		commands = append(commands, command)
	}
	if len(commands) == 0 {
		return fmt.Errorf("%s tells of no commands", binary)
	}
	return page.Execute(w, map[string]any{"Date": date, "Version": version, "Root": root, "Commands": commands})
}

// ask asks a command for its help, and for the names of the commands below it.
// Nothing of the caller's environment can change the answer.
func ask(ctx context.Context, binary string, command ...string) (help, []string, error) {
	cmd := exec.CommandContext(ctx, binary, append(command, "--help")...) //nolint:gosec // It is the caller's.
	cmd.Env = []string{}
	out, err := cmd.Output()
	if err != nil {
		return help{}, nil, fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return parse(strings.Join(command, " "), string(out))
}

// parse takes Cobra's help apart: paragraphs, usage, commands, flags, and flags of
// the whole program, which the page has once.
func parse(name, text string) (help, []string, error) {
	h := help{Name: name}
	before, after, found := strings.Cut(text, "\nUsage:\n")
	if !found {
		return help{}, nil, fmt.Errorf("%s: no usage in the help", name)
	}
	h.Text = strings.Split(strings.TrimSpace(before), "\n\n")
	var names []string
	for _, section := range strings.Split(after, "\n\n") {
		title, lines, _ := strings.Cut(section, "\n")
		for _, line := range strings.Split(strings.TrimSuffix(lines, "\n"), "\n") {
			switch title {
			case "Available Commands:":
				if m := commandLine.FindStringSubmatch(line); m != nil {
					names = append(names, m[1])
				}
			case "Flags:":
				m := flagLine.FindStringSubmatch(line)
				if m == nil {
					return help{}, nil, fmt.Errorf("%s: no flag in the line %q", name, line)
				}
				h.Flags = append(h.Flags, flag{m[1], m[2]})
			}
		}
	}
	if len(h.Flags) == 0 {
		return help{}, nil, fmt.Errorf("%s: no flags in the help", name)
	}
	return h, names, nil
}

// roff is text as troff takes it for text: no escapes, no requests at the beginning
// of a line, and hyphens that can be copied.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
