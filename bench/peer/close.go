package peer

import (
	"errors"
	"io"
)

// closing closes something after an error, or after none.
func closing(err error, c io.Closer) error { return errors.Join(err, c.Close()) }
