package writeprobe

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// announce prints the list as it was read and how to put it back by hand, to the end: from
// now on this program may be killed at any moment.
func (p *Probe) announce(v *doctor.Visit) error {
	return p.print(fmt.Sprintf(`
The write probe is about to change the roles of the user %s (%s).
This is the user's list of roles as PrivX shows it now:
%s
%s
`, p.UserID, quoted(p.target.principal), shown(p.read), p.byHand(v)))
}

// byHand says how to put the list back without this program.
func (p *Probe) byHand(v *doctor.Visit) string {
	without := "No role in it is there by a grant, and none shall be afterwards."
	if p.Clear {
		without = "The role " + p.RoleID + " is there by a grant. It is taken away, and no role is left that is there by a grant."
	}
	return fmt.Sprintf(`%s
If this program ends without saying what became of the list, look at the user in PrivX's
web interface, and take the role %s (%s) away if the user has it. The same command with
--clear does that, too.%s Or send an empty list, which takes away each grant and nothing else:
%s`,
		without, p.RoleID, quoted(p.target.roleName), p.alsoLeft(), p.emptyList(v))
}

// alsoLeft tells of grants that a probe may leave besides that of the role, if PrivX is not
// as it is assumed to be.
func (p *Probe) alsoLeft() string {
	if p.Clear {
		return ""
	}
	return fmt.Sprintf(` Some PrivX may have made grants of the roles by rules, which are in
the list above, and of a role that does not exist, with the id %s.
Then --clear does not help: take these grants away in PrivX's web interface, too.`, p.run.ghost)
}

// emptyList is the command that takes away each grant of the user.
func (p *Probe) emptyList(v *doctor.Visit) string {
	return fmt.Sprintf("curl --request PUT '%s' --header 'Authorization: Bearer TOKEN' --header 'Content-Type: application/json' --data '[]'", p.address(v))
}

// address is where the list is written, fit for a shell.
func (p *Probe) address(v *doctor.Visit) string {
	base := "https://PRIVX"
	if v.Given.Config != nil {
		if u, err := privx.ParseBaseURL(v.Given.Config.BaseUrl); err == nil {
			base = u.String()
		}
	}
	path := strings.Replace(privx.Endpoints.SetUserRoles.Path, "{}", url.PathEscape(p.UserID), 1)
	return strings.ReplaceAll(base+path, "'", "%27")
}

// tell prints what became of the list, and notes it if that is not good.
func (p *Probe) tell(r *run) {
	back := r.back
	p.Unrestored = !r.isUntouched() && (!back.done || len(back.others) > 0)
	switch {
	case r.isUntouched():
		_ = p.print("The write probe has changed nothing.\n")
	case !back.done:
		_ = p.print(p.alarm(r))
	case len(back.others) > 0:
		_ = p.print(fmt.Sprintf(`
ATTENTION: SOMETHING ELSE HAS CHANGED THE ROLES OF THE USER %s MEANWHILE. THE LIST IS NOT AS IT WAS.
The write probe has undone what it did. It has left these roles alone, because it did not grant them: %s
If the user has one of them by a rule, PrivX itself may have made a grant of it when the list was written.
This was the list before:
%s
`, p.UserID, plain(strings.Join(back.others, ", ")), shown(p.read)))
	case p.Clear:
		_ = p.print("The role was taken away from the user. The list was read until no node can show an old one.\n")
	case r.lost > 0:
		_ = p.print(fmt.Sprintf("The list of the user's roles was as before whenever it was read in the end. But PrivX never answered %d of the writes, and may still make them.\n"+
			"Look at the user in PrivX's pages again in some minutes, and take the role %s (%s) away if the user has it then.\n", r.lost, p.RoleID, quoted(p.target.roleName)))
	default:
		_ = p.print("The list of the user's roles is as it was. It was read until no node can show an old one.\n")
	}
	if back.done && len(r.promoted) > 0 {
		_ = p.print(fmt.Sprintf("PrivX had made grants of these roles, which the user has by rules, because their entries were written as they were read: %s\n"+
			"The write probe has taken these grants away. If something else granted one of the roles meanwhile, that grant is gone, too: make it again.\n",
			plain(strings.Join(slices.Sorted(maps.Keys(r.promoted)), ", "))))
	}
}

// alarm is what must be seen if the list is not as it was, or that is not known.
func (p *Probe) alarm(r *run) string {
	what := "THE ROLES OF THE USER %s COULD NOT BE PUT BACK AS THEY WERE, OR THAT COULD NOT BE VERIFIED."
	if p.Clear {
		what = "THE ROLE COULD NOT BE TAKEN AWAY FROM THE USER %s, OR THAT COULD NOT BE VERIFIED."
	}
	return fmt.Sprintf("\nATTENTION: "+what+`
THIS WAS THE LIST BEFORE:
%s
THIS IS THE LIST THAT WAS READ LAST:
%s
THE LAST ERROR: %s
LOOK AT THE USER IN PRIVX'S WEB INTERFACE, AND TAKE THE ROLE %s (%s) AWAY IF THE USER HAS IT.
`, p.UserID, shown(p.read), shown(r.now), orNone(r.back.last), p.RoleID, quoted(p.target.roleName))
}

func orNone(err error) string {
	if err == nil {
		return "none"
	}
	return plain(err.Error())
}

// print writes a text to its end.
func (p *Probe) print(text string) error {
	if p.Out == nil {
		return os.ErrInvalid
	}
	if _, err := p.Out.Write([]byte(text)); err != nil {
		return err
	}
	switch out := p.Out.(type) {
	case interface{ Flush() error }:
		return out.Flush()
	case *os.File:
		_ = out.Sync() // A terminal or a pipe has nothing to sync.
	}
	return nil
}

// shown is a list as JSON, in letters that are safe in a terminal and between the quotes of
// a shell.
func shown(l *list) string { return plain(string(body(l.entries))) }

// plain writes everything that is not a printable letter of ASCII, and the single quote, as
// JSON's escapes do. A line break between two fields becomes a space.
func plain(text string) string {
	var b strings.Builder
	for _, letter := range text {
		switch {
		case letter == '\'' || letter > '~':
			for _, unit := range utf16.Encode([]rune{letter}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		case letter < ' ':
			b.WriteByte(' ')
		default:
			b.WriteRune(letter)
		}
	}
	return b.String()
}

// quoted is a name that PrivX gave, in quotes and fit for a terminal.
func quoted(name string) string { return strconv.QuoteToASCII(name) }
