package listclient

import "errors"

// scanner reads the few forms of JSON that batches are answered with, without reflection and
// without allocating. It takes any spacing and any order of fields. It trusts the server about
// what it skips, but never reads beyond the bytes.
type scanner struct {
	rest []byte
	bad  bool // the bytes did not fit; all that follows is zero
}

var errMalformed = errors.New("not the JSON that the API says")

func (s *scanner) err() error {
	if s.bad {
		return errMalformed
	}
	return nil
}

func (s *scanner) fail() {
	s.bad, s.rest = true, nil
}

// peek gives the next byte that is no space, 0 at the end.
func (s *scanner) peek() byte {
	for i, b := range s.rest {
		if b != ' ' && b != '\n' && b != '\r' && b != '\t' {
			s.rest = s.rest[i:]
			return b
		}
	}
	s.rest = nil
	return 0
}

// take skips b if it is next.
func (s *scanner) take(b byte) bool {
	if s.peek() != b || b == 0 {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) expect(b byte) {
	if !s.take(b) {
		s.fail()
	}
}

// object calls field for each field's name; field reads the value.
func (s *scanner) object(field func(name []byte)) {
	s.expect('{')
	for first := true; !s.bad && !s.take('}'); first = false {
		if !first {
			s.expect(',')
		}
		name := s.raw()
		s.expect(':')
		if len(name) < 2 || name[0] != '"' {
			s.fail()
			return
		}
		field(name[1 : len(name)-1])
	}
}

// array calls element for each element, which reads it.
func (s *scanner) array(element func()) {
	s.expect('[')
	for first := true; !s.bad && !s.take(']'); first = false {
		if !first {
			s.expect(',')
		}
		element()
	}
}

// uint reads a number from 0 to 2^64 - 1.
func (s *scanner) uint() uint64 {
	if s.peek() < '0' || s.rest[0] > '9' {
		s.fail()
		return 0
	}
	n, i := uint64(0), 0
	for ; i < len(s.rest) && s.rest[i] >= '0' && s.rest[i] <= '9'; i++ {
		digit := uint64(s.rest[i] - '0')
		if n > (1<<64-1-digit)/10 {
			s.fail()
			return 0
		}
		n = n*10 + digit
	}
	s.rest = s.rest[i:]
	return n
}

// raw gives the bytes of a string, or of a number or word.
func (s *scanner) raw() []byte {
	end := 0
	if s.peek() == '"' {
		end = stringEnd(s.rest)
	} else {
		for end < len(s.rest) && !delimiter(s.rest[end]) {
			end++
		}
	}
	if end == 0 {
		s.fail()
		return nil
	}
	value := s.rest[:end]
	s.rest = s.rest[end:]
	return value
}

// stringEnd is the length of the string that b begins with, 0 if it has no end.
func stringEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}

func delimiter(b byte) bool {
	switch b {
	case ',', ']', '}', ':', '[', '{', '"', ' ', '\n', '\r', '\t':
		return true
	}
	return false
}

// skip passes over a value of any kind.
func (s *scanner) skip() {
	for depth := 0; !s.bad; {
		switch b := s.peek(); b {
		case '{', '[':
			depth++
			s.rest = s.rest[1:]
		case '}', ']':
			depth--
			s.rest = s.rest[1:]
		case ',', ':':
			if depth == 0 {
				s.fail()
				return
			}
			s.rest = s.rest[1:]
			continue
		default:
			s.raw()
		}
		if depth <= 0 {
			if depth < 0 {
				s.fail()
			}
			return
		}
	}
}
