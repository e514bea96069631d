package main

import (
	"errors"
	"regexp"

	"github.com/spf13/cobra"
)

// parsing is what package strconv puts before the reason. The flag and its argument are
// named before it.
var parsing = regexp.MustCompile(`strconv\.\w+: parsing ".*": `)

// plainFlagError says in plain words what is wrong with a flag.
func plainFlagError(_ *cobra.Command, err error) error {
	return errors.New(parsing.ReplaceAllString(err.Error(), ""))
}
