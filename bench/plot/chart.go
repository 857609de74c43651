package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/template"
)

//go:embed chart.svg.tmpl
var svg string

var picture = template.Must(template.New("chart.svg").Parse(svg))

// What is where in the picture, in pixels from its upper left corner.
const (
	width, height            = 560, 364
	left, right, top, bottom = 56, 374, 76, 286 // of the area that has the lines
	labelHeight              = 34
)

// chart shows lines over the number of users.
type chart struct {
	title, unit string
	note        []string
	lines       []line
}

// line is one of them, with at least one point, from the fewest users to the most. Its
// kind decides its colour.
type line struct {
	kind, label, unit string
	points            []point
}

type point struct{ x, y float64 }

// drawing is a chart as the template takes it, with places in pixels.
type drawing struct {
	Title, Unit, Summary     string
	Width, Height            int
	Left, Right, Top, Bottom int
	Across, Up               []tick
	Lines                    []stroke
	Note                     []string
}

type tick struct {
	At   float64
	Text string
}

type stroke struct {
	Kind, Label, Value string
	Points             []point
	LabelAt            float64
}

// X and Y are for the template.
func (p point) X() float64 { return p.x }

// Y is the height in the picture, from above.
func (p point) Y() float64 { return p.y }

// Path joins the points of a line.
func (s stroke) Path() string {
	places := make([]string, 0, len(s.Points))
	for _, p := range s.Points {
		places = append(places, fmt.Sprintf("%.1f,%.1f", p.x, p.y))
	}
	return strings.Join(places, " ")
}

// draw makes the SVG.
func (c chart) draw() ([]byte, error) {
	var most point
	for _, l := range c.lines {
		for _, p := range l.points {
			most = point{max(most.x, p.x), max(most.y, p.y)}
		}
	}
	if most.x <= 0 || most.y <= 0 {
		return nil, errors.New("no number is above 0")
	}
	step := stepOf(most.y)
	across := scale{0, most.x, left, right}
	up := scale{0, step * (math.Floor(most.y/step) + 1), bottom, top}
	d := drawing{
		Title: c.title, Unit: c.unit, Width: width, Height: height, Left: left, Right: right, Top: top, Bottom: bottom,
		Across: ticks(across, stepOf(most.x)), Up: ticks(up, step), Note: c.note,
	}
	d.Summary = "With " + grouped(most.x) + " users."
	for _, l := range c.lines {
		s := stroke{Kind: l.kind, Label: l.label}
		for _, p := range l.points {
			s.Points = append(s.Points, point{across.at(p.x), up.at(p.y)})
		}
		last := len(l.points) - 1
		s.Value = rounded(l.points[last].y) + " " + l.unit
		s.LabelAt = s.Points[last].y
		d.Lines = append(d.Lines, s)
		d.Summary += " " + s.Label + ": " + s.Value + "."
	}
	spread(d.Lines)
	var out bytes.Buffer
	err := picture.Execute(&out, d)
	return out.Bytes(), err
}

// scale takes numbers to pixels.
type scale struct{ from, to, start, end float64 }

func (s scale) at(number float64) float64 {
	return s.start + (number-s.from)/(s.to-s.from)*(s.end-s.start)
}

// stepOf is a round number that fits into another one four times at most.
func stepOf(most float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(most))-1) // 10 to 100 of them are the number
	for _, step := range []float64{2.5 * unit, 5 * unit, 10 * unit} {
		if math.Floor(most/step) <= 4 {
			return step
		}
	}
	return 20 * unit
}

// ticks are where an axis has its numbers.
func ticks(s scale, step float64) []tick {
	var all []tick
	for i := 0.0; i*step <= s.to; i++ {
		all = append(all, tick{s.at(i * step), grouped(i * step)})
	}
	return all
}

// rounded writes a number with two digits, or without a fraction.
func rounded(number float64) string {
	if number < 10 {
		return fmt.Sprintf("%.2g", number)
	}
	return grouped(math.Round(number))
}

// grouped writes a number with commas between its thousands.
func grouped(number float64) string {
	text := fmt.Sprintf("%g", math.Round(number*100)/100)
	if number < 1000 {
		return text
	}
	text = fmt.Sprintf("%.0f", number)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// spread moves labels apart that would cover one another, each by as much.
func spread(lines []stroke) {
	order := make([]*stroke, len(lines))
	for i := range lines {
		order[i] = &lines[i]
	}
	slices.SortStableFunc(order, func(a, b *stroke) int { return cmp.Compare(a.LabelAt, b.LabelAt) })
	for range 20 { // what is moved may come to cover the next
		for i := range len(order) - 1 {
			if missing := labelHeight - (order[i+1].LabelAt - order[i].LabelAt); missing > 0 {
				order[i].LabelAt -= missing / 2
				order[i+1].LabelAt += missing / 2
			}
		}
	}
}
