package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"paxos/internal/terminal"
	"paxos/recovery"
)

// consent is how a command that changes stores is allowed to.
type consent struct {
	yes        bool
	dryRun     bool
	acceptLoss bool
	json       bool
}

func (c *consent) register(cmd *cobra.Command, loud bool) {
	flags := cmd.Flags()
	flags.BoolVar(&c.dryRun, "dry-run", false, "say what would be done, and do nothing")
	flags.BoolVar(&c.yes, "yes", false, "do it without asking, for scripts")
	if loud {
		flags.BoolVar(&c.acceptLoss, "i-accept-data-loss", false, "with --yes: what the plan says may be lost, may be lost")
	}
	flags.BoolVar(&c.json, "json", false, "print the plan in JSON")
}

const consentHelp = `It says first what it found, what it will do and what may be lost, and asks. --yes
answers for scripts; without it and without a terminal nothing is done, exit code 2.
--dry-run says it and ends.`

// carryOut shows a plan, asks, and does it.
func (c *consent) carryOut(cmd *cobra.Command, p *recovery.Plan) error {
	if err := printReport(cmd, c.json, p); err != nil {
		return err
	}
	if c.dryRun || p.Idle {
		return nil
	}
	if err := c.ask(cmd, p); err != nil {
		return err
	}
	err := p.Do(cmd.Context(), func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) })
	return fail(storeExitCode(err), err)
}

// interactive reports whether a person can be asked. Tests say so for a fake one.
var interactive = func(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && terminal.Is(f)
}

// ask returns nil if the plan is allowed.
func (c *consent) ask(cmd *cobra.Command, p *recovery.Plan) error {
	switch {
	case c.yes && p.Loud && !c.acceptLoss:
		return fail(exitUsage, errors.New("nothing was done: what is lost by it is lost for good: --yes alone does not do it, add --i-accept-data-loss (a flag of paxos repair new-cluster)"))
	case c.yes:
		return nil
	case !interactive(cmd.InOrStdin()):
		return fail(exitUsage, errors.New("nothing was done: there is no terminal to ask at: say --yes, or --dry-run to see the plan only"))
	}
	word := "yes"
	if p.Word != "" {
		word = p.Word
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Type %q to do it: ", word)
	line, err := answer(cmd.Context(), cmd.InOrStdin())
	if err != nil {
		fmt.Fprintln(cmd.ErrOrStderr()) // the cursor stands behind the question
		return err
	}
	if strings.TrimSpace(line) != word {
		return fail(exitFailed, errors.New("nothing was done"))
	}
	return nil
}

// answer reads a line, or ends with ctx: then the read goes on, and what it reads is for nobody.
func answer(ctx context.Context, in io.Reader) (string, error) {
	type typed struct {
		line string
		err  error
	}
	read := make(chan typed, 1)
	go func() {
		line, err := bufio.NewReader(in).ReadString('\n')
		read <- typed{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", fail(exitFailed, errors.New("nothing was done: interrupted"))
	case t := <-read:
		if errors.Is(t.err, io.EOF) {
			t.err = nil
		}
		return t.line, t.err
	}
}
