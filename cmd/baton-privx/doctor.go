package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-sdk/pkg/cli"
	"github.com/conductorone/baton-sdk/pkg/field"
	"github.com/conductorone/baton-sdk/pkg/tempdir"
	"github.com/conductorone/baton-sdk/pkg/uhttp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
	"golang.org/x/term"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/checkup"
	"github.com/conductorone/baton-privx/internal/doctor/writeprobe"
	"github.com/conductorone/baton-privx/pkg/config"
)

// The exit codes of the doctor besides 0.
const (
	exitFailed = 1
	exitMisuse = 2
)

// Forms of the output.
const (
	formText = "text"
	formJSON = "json"
)

// errNotWell is what the doctor's command returns if something failed, which it has shown.
var errNotWell = errors.New("something failed")

// unwritten is an error of writing what was found. It is no misuse.
type unwritten struct{ error }

const doctorHelp = `Find out whether the connector will work with a PrivX, before it is given a task.

It takes the connector's own settings, and looks at the configuration, the network, TLS,
the clocks, the login, the permissions, how PrivX behaves, how long a sync will take, and
at ConductorOne and this machine. It sends some tens of requests, one at a time, and
changes nothing in PrivX but its own sessions, which it ends.

--write-probe also grants a test role to a test user, revokes it, and puts everything
back. No other part changes anything in PrivX.

With --provisioning, it also checks that the API client may grant roles.

Exit code: 0 nothing failed, 1 something failed (with --strict, warnings too), 2 the
command was used wrongly.`

// addDoctor adds the doctor to the command. It shares the command's flags, so that each
// setting is given, checked and described in the same way.
func addDoctor(main *cobra.Command, settings *viper.Viper) *cobra.Command {
	d := &doctorCommand{settings: settings}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out whether the connector will work with a PrivX",
		Long:  doctorHelp,
		Args:  cobra.NoArgs,
		RunE:  d.run,
	}
	main.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "version" && flag.Name != "help" {
			cmd.Flags().AddFlag(flag)
		}
	})
	flags := cmd.Flags()
	flags.BoolVar(&d.short, "short", false, "Show only failures and warnings, to paste them into a message")
	flags.StringSliceVar(&d.only, "only", nil, "Run only the checks of these `IDs`, and what they need")
	flags.StringVar(&d.output, "output", formText, "The form of the output: text, json")
	flags.BoolVar(&d.strict, "strict", false, "Exit with 1 if there are warnings, too")
	flags.StringVar(&d.report, "report", "", "Write what was found to a `file` without names, IDs, addresses and secrets, to attach it to an issue")
	flags.BoolVar(&d.writes, "write-probe", false, "Also grant the role of --role to the user of --user, revoke it, and put everything back. "+
		"The API client needs roles-manage")
	flags.StringVar(&d.probe.UserID, "user", "", "The `ID` of a test user for the write probe, who holds no role by a grant")
	flags.StringVar(&d.probe.RoleID, "role", "", "The `ID` of a test role for the write probe, which gives access to nothing")
	flags.BoolVar(&d.probe.Clear, "clear", false, "With --write-probe: take the test role away from the test user, after a run that was killed, and do no more")
	main.AddCommand(cmd)
	return cmd
}

// doctorCommand is the doctor with its own flags.
type doctorCommand struct {
	settings       *viper.Viper
	short, strict  bool
	only           []string
	output, report string
	// writes tells that the probe was asked for.
	writes bool
	probe  writeprobe.Probe
}

func (d *doctorCommand) run(cmd *cobra.Command, _ []string) error {
	if err := d.settings.BindPFlags(cmd.Flags()); err != nil {
		return err
	}
	runner := &doctor.Runner{Layers: checkup.Layers(d.asked()), Only: d.only}
	if err := d.check(runner); err != nil {
		return err
	}
	if d.writes && len(d.only) > 0 {
		runner.Only = append(slices.Clone(d.only), writeprobe.Always(d.probe.Clear)...)
	}
	report, err := d.openReport()
	if err != nil {
		return err
	}
	// The write probe goes on to put everything back when nobody reads its output any more.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	v := &doctor.Visit{Given: d.given(cmd)}
	ctx = context.WithValue(ctx, uhttp.ContextHTTPTimeoutKey, v.Given.HTTPTimeout)
	d.probe.Out = &spoken{os.Stdout, os.Stderr}
	if d.output == formJSON {
		d.probe.Out = os.Stderr
	}
	return d.examine(ctx, runner, v, report)
}

// asked is the write probe if it was asked for; nil otherwise.
func (d *doctorCommand) asked() *writeprobe.Probe {
	if !d.writes {
		return nil
	}
	return &d.probe
}

// check finds mistakes in the use of the doctor's own flags.
func (d *doctorCommand) check(runner *doctor.Runner) error {
	switch {
	case d.output != formText && d.output != formJSON:
		return fmt.Errorf("--output: %q is not known: choose text or json", d.output)
	case d.writes && (d.probe.UserID == "" || d.probe.RoleID == ""):
		return errors.New("--write-probe needs --user and --role: the IDs of a test user and of a test role")
	case !d.writes && (d.probe.UserID != "" || d.probe.RoleID != "" || d.probe.Clear):
		return errors.New("--user, --role and --clear need --write-probe")
	}
	probes := false
	for _, id := range d.only {
		check := runner.Check(id)
		if check == nil {
			return fmt.Errorf("--only: there is no check %q", id)
		}
		probes = probes || runner.LayerOf(id) == writeprobe.LayerName
	}
	if d.writes && len(d.only) > 0 && !probes {
		return errors.New("--only: none of these checks belongs to --write-probe, which was asked for")
	}
	return nil
}

// openReport opens the report's file before anything is run, so that nothing is lost; nil if
// none is wanted.
func (d *doctorCommand) openReport() (*os.File, error) {
	if d.report == "" {
		return nil, nil //nolint:nilnil // No file, and no error.
	}
	file, err := os.OpenFile(d.report, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--report: %w", err)
	}
	return file, nil
}

// examine runs the checks and shows what came of them.
func (d *doctorCommand) examine(ctx context.Context, runner *doctor.Runner, v *doctor.Visit, report *os.File) error {
	text := &doctor.Text{Out: os.Stdout, Short: d.short, Terminal: isTerminal(os.Stdout), Colour: isTerminal(os.Stdout) && wantsColour()}
	if d.output == formText {
		runner.Began, runner.Ended = text.Began, text.Ended
	}
	began := time.Now()
	results := checkup.Run(ctx, runner, v)
	summary := doctor.Summarize(v, results, time.Since(began))
	summary.Interrupted = summary.Interrupted || ctx.Err() != nil
	summary.Unrestored = d.probe.Unrestored
	var err error
	if d.output == formJSON {
		err = doctor.WriteJSON(os.Stdout, v, results, summary, d.strict)
	} else {
		text.Summary(summary)
		err = text.Err
	}
	if report != nil {
		err = errors.Join(err, doctor.ReportOf(v, results).Write(report), report.Close())
	}
	switch {
	case err != nil:
		return unwritten{err}
	case !summary.Well(d.strict):
		return errNotWell
	default:
		return nil
	}
}

// spoken writes to the first file that takes it, to its end.
type spoken [2]*os.File

func (s *spoken) Write(text []byte) (int, error) {
	n, err := s[0].Write(text)
	if err != nil {
		// Nobody reads it there any more.
		return s[1].Write(text)
	}
	_ = s[0].Sync() // A terminal or a pipe has nothing to sync.
	return n, nil
}

// given makes the doctor's settings of what flags, variables and the YAML file say.
func (d *doctorCommand) given(cmd *cobra.Command) doctor.Given {
	s := d.settings
	cfg, err := readConfig(s)
	if err == nil {
		err = checkNumbers(cmd, nil)
	}
	if cfg == nil {
		cfg = &config.Privx{}
	}
	return doctor.Given{
		Config: cfg, Mistake: err, Method: s.GetString("auth-method"), Settings: sources(cmd, s),
		Provisioning: s.GetBool("provisioning"), Workers: s.GetInt("workers"),
		HTTPTimeout: time.Duration(s.GetInt(field.HttpTimeoutField.GetName())) * time.Second,
		ClientID:    s.GetString("client-id"), ClientSecret: s.GetString("client-secret"),
		On: s.GetBool, TempDir: tempdir.Resolve(s.GetString("c1z-temp-dir")), Version: version,
	}
}

// readConfig reads the connector's settings and checks them as baton-sdk does before it
// starts the connector.
func readConfig(settings *viper.Viper) (*config.Privx, error) {
	cfg, err := cli.MakeGenericConfiguration[*config.Privx](settings, field.WithAdditionalDecodeHooks(field.FileUploadDecodeHook(true)))
	if err != nil {
		return nil, err
	}
	schema := config.Config
	schema.Fields = append(slices.Clone(field.DefaultFields), schema.Fields...)
	return cfg, field.Validate(schema, cfg, field.WithAuthMethod(settings.GetString("auth-method")))
}

// sources are the settings that were given, and where. What the command line says goes
// before what a variable says, and that before the file.
func sources(cmd *cobra.Command, settings *viper.Viper) []doctor.Setting {
	var given []doctor.Setting
	typed := onCommandLine(cmd.Flags(), os.Args[1:])
	cmd.Parent().LocalFlags().VisitAll(func(flag *pflag.Flag) {
		switch {
		case typed[flag.Name]:
			given = append(given, doctor.Setting{Name: flag.Name, From: "flag"})
		case os.Getenv(variable(flag.Name)) != "":
			given = append(given, doctor.Setting{Name: flag.Name, From: "variable"})
		case settings.InConfig(flag.Name):
			given = append(given, doctor.Setting{Name: flag.Name, From: "file"})
		}
	})
	return given
}

// onCommandLine are the names of those of some flags that arguments give.
func onCommandLine(flags *pflag.FlagSet, args []string) map[string]bool {
	given := make(map[string]bool)
	parser := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.VisitAll(func(flag *pflag.Flag) {
		parser.AddFlag(&pflag.Flag{Name: flag.Name, Shorthand: flag.Shorthand, NoOptDefVal: flag.NoOptDefVal, Value: &number{}})
	})
	// The arguments have been parsed in the same way before, without an error.
	_ = parser.ParseAll(args, func(flag *pflag.Flag, _ string) error {
		given[flag.Name] = true
		return nil
	})
	return given
}

func isTerminal(file *os.File) bool {
	return term.IsTerminal(int(file.Fd())) //nolint:gosec // The numbers of files are small.
}

// wantsColour follows https://no-color.org.
func wantsColour() bool { return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" }

// doctorExit is the exit code for what the doctor's command has returned. A misuse is told
// here.
func doctorExit(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNotWell):
		return exitFailed
	case errors.As(err, &unwritten{}):
		_, _ = fmt.Fprintln(os.Stderr, "baton-privx doctor: what was found could not be written:", errorid.Ended(errorid.With(errorid.DoctorUnwritten, err)))
		return exitFailed
	default:
		_, _ = fmt.Fprintf(os.Stderr, "baton-privx doctor: %s\nRun baton-privx doctor --help to see how it is used.\n", errorid.Ended(errorid.With(errorid.DoctorMisused, err)))
		return exitMisuse
	}
}
