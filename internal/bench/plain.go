package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// plain is one keep-alive connection on which requests follow each other. It
// spends as little as can be: what net/http's client costs would hide the servers.
type plain struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte
}

// dialPlain connects to a server and prepares the request that is sent again and again.
func dialPlain(ctx context.Context, address, method, path string, body []byte) (*plain, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	request := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, address)
	if body != nil {
		request = fmt.Appendf(request, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	request = append(append(request, "\r\n"...), body...)
	return &plain{conn, bufio.NewReader(conn), request}, nil
}

// do sends the request and reads the answer.
func (p *plain) do(context.Context) error {
	if _, err := p.conn.Write(p.request); err != nil {
		return err
	}
	resp, err := http.ReadResponse(p.in, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return err
}

func (p *plain) close() { p.conn.Close() }
