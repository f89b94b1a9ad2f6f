package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffetls"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
)

// seen is what one end of a connection knows of the other and of the connection.
type seen struct {
	Event   string `json:"event"`
	Peer    string `json:"peer,omitempty"`
	TLS     string `json:"tls,omitempty"`
	ALPN    string `json:"alpn,omitempty"`
	SNI     string `json:"sni,omitempty"`
	Resumed bool   `json:"resumed,omitempty"`
	Proto   string `json:"proto,omitempty"`
	Status  int    `json:"status,omitempty"`
	Body    string `json:"body,omitempty"`
	Port    int    `json:"port,omitempty"`
	Error   string `json:"error,omitempty"`
	Tickets int    `json:"tickets,omitempty"`
}

func (s *seen) describe(state *tls.ConnectionState) error {
	id, err := spiffetls.PeerIDFromConnectionState(*state)
	if err != nil {
		return err
	}
	s.Peer = id.String()
	s.TLS = strings.TrimPrefix(tls.VersionName(state.Version), "TLS ")
	s.ALPN = state.NegotiatedProtocol
	s.SNI = state.ServerName
	s.Resumed = state.DidResume
	return nil
}

// serve is an HTTPS server with session tickets on, as Go has them by default. It answers each request with
// what it saw of the client.
func serve(in *input) error {
	var config struct {
		Identity  identity  `json:"identity"`
		Authorize authorize `json:"authorize"`
		TLS       string    `json:"tls"`
		HTTP2     bool      `json:"http2"`
	}
	if err := in.next(&config); err != nil {
		return err
	}
	svids, bundles, err := config.Identity.sources()
	if err != nil {
		return err
	}
	authorizer, err := config.Authorize.authorizer()
	if err != nil {
		return err
	}
	tlsConfig := tlsconfig.MTLSServerConfig(svids, bundles, authorizer)
	if err := pin(tlsConfig, config.TLS); err != nil {
		return err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!config.HTTP2)
	protocols.SetHTTP2(config.HTTP2)

	server := &http.Server{
		TLSConfig: tlsConfig,
		Protocols: protocols,
		ErrorLog:  log.New(refusals{}, "", 0),
		Handler:   http.HandlerFunc(answer),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	out.emit(seen{Event: "listening", Port: listener.Addr().(*net.TCPAddr).Port})
	go server.ServeTLS(listener, "", "")
	in.wait()
	return server.Close()
}

func answer(response http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	saw := seen{Event: "request", Proto: request.Proto, Body: string(body)}
	if err := saw.describe(request.TLS); err != nil {
		saw.Error = err.Error()
	}
	out.emit(saw)
	response.Header().Set("Content-Type", "application/json")
	json.NewEncoder(response).Encode(saw)
}

// refusals takes the lines that net/http logs about failed handshakes.
type refusals struct{}

func (refusals) Write(line []byte) (int, error) {
	out.emit(seen{Event: "refused", Error: strings.TrimSpace(string(line))})
	return len(line), nil
}
