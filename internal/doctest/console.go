package doctest

import "strings"

// Step is one command of a console block, and the output that the page shows below it.
type Step struct {
	Command string // may have several lines
	Output  string
}

// Steps are the commands of a console block: each begins behind "$ ", and goes on in lines that begin with "> ".
// What stands above the first one belongs to none.
func (b *Block) Steps() []Step {
	var steps []Step
	for line := range strings.Lines(b.Text) {
		last := len(steps) - 1
		command, begins := strings.CutPrefix(line, "$ ")
		more, goesOn := strings.CutPrefix(line, "> ")
		switch {
		case begins:
			steps = append(steps, Step{Command: strings.TrimSuffix(command, "\n")})
		case last < 0:
		case goesOn && steps[last].Output == "":
			steps[last].Command += "\n" + strings.TrimSuffix(more, "\n")
		default:
			steps[last].Output += line
		}
	}
	return steps
}
