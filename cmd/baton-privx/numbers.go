package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/viper"
	"gopkg.in/yaml.v3"

	"github.com/conductorone/baton-privx/pkg/config"
)

// This file refuses numbers that would be taken for others than they look like. pflag,
// viper and YAML, which parse settings for baton-sdk, each take 010 for 8 and 0x10 for
// 16 and cut off what is behind a point, and none of them keeps the text that was given.
// So it is kept here, and checked before the command runs.

// number is the value of a flag that takes a whole number. It keeps what it was given.
type number struct{ text string }

// Set leaves out the white space that is at the ends of a file that became a variable.
func (n *number) Set(text string) error {
	n.text = strings.TrimSpace(text)
	return nil
}

func (n *number) String() string { return n.text }

// Type is what --help shows, and how viper reads the value.
func (*number) Type() string { return "int" }

// keepNumbers puts a number behind each flag that takes one, in the command and in
// those under it, with what a variable or the file gives: baton-sdk has done the same
// with what pflag and viper made of it. The command refuses a text that is no plain
// number before it runs.
func keepNumbers(cmd *cobra.Command, settings *viper.Viper) {
	for _, name := range config.Numbers() {
		text, given := givenFor(name, settings)
		for _, c := range append(cmd.Commands(), cmd) {
			flag := c.Flags().Lookup(name)
			if flag == nil {
				continue
			}
			flag.Value = &number{flag.DefValue}
			if given {
				_ = c.Flags().Set(name, text) // It takes everything.
			}
		}
	}
	cmd.PreRunE = checkNumbers
}

// checkNumbers looks at what was given for numbers in the end.
func checkNumbers(cmd *cobra.Command, _ []string) error {
	for _, name := range config.Numbers() {
		if err := config.CheckNumber(name, cmd.Flags().Lookup(name).Value.String()); err != nil {
			return err
		}
	}
	return nil
}

// variable is the name of the environment variable for a setting.
func variable(name string) string {
	return "BATON_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// givenFor finds the text that a variable, or else the YAML file, gives for a setting.
func givenFor(name string, settings *viper.Viper) (string, bool) {
	// viper, too, takes an empty variable for none.
	if text := os.Getenv(variable(name)); text != "" {
		return text, true
	}
	if !settings.InConfig(name) {
		return "", false
	}
	return inFile(name, settings.ConfigFileUsed()), true
}

// inFile finds what a YAML file that viper has read says for a setting, as it is
// written there. Like viper, it does not mind the case of names.
func inFile(name, path string) string {
	var file map[string]yaml.Node
	text, err := os.ReadFile(path)
	if err != nil || yaml.Unmarshal(text, &file) != nil {
		return "" // The file has changed since viper has read it. An empty text is refused.
	}
	for key, node := range file {
		switch {
		case !strings.EqualFold(key, name):
		case node.Kind == yaml.AliasNode:
			return node.Alias.Value
		default:
			return node.Value
		}
	}
	return ""
}
