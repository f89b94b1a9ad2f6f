package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
)

// dial makes connections to an HTTPS server, one after the other, each with some requests on it.
//
// Without a server name it sends no SNI (Go never does for an IP address), and without HTTP/2 no ALPN. With
// resume it keeps the session tickets of one connection for the next, and says how many it was given.
func dial(in *input) error {
	var config struct {
		Identity    identity  `json:"identity"`
		Authorize   authorize `json:"authorize"`
		Address     string    `json:"address"`
		TLS         string    `json:"tls"`
		ServerName  string    `json:"serverName"`
		HTTP2       bool      `json:"http2"`
		Resume      bool      `json:"resume"`
		Connections int       `json:"connections"`
		Requests    int       `json:"requests"`
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
	sessions := &countedSessions{ClientSessionCache: tls.NewLRUClientSessionCache(0)}

	for range config.Connections {
		tlsConfig := tlsconfig.MTLSClientConfig(svids, bundles, authorizer)
		if err := pin(tlsConfig, config.TLS); err != nil {
			return err
		}
		tlsConfig.ServerName = config.ServerName
		if config.Resume {
			tlsConfig.ClientSessionCache = sessions
		}
		transport := &http.Transport{TLSClientConfig: tlsConfig, ForceAttemptHTTP2: config.HTTP2}
		client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
		for range config.Requests {
			out.emit(get(client, "https://"+config.Address+"/"))
		}
		transport.CloseIdleConnections()
	}
	out.emit(seen{Event: "done", Tickets: int(sessions.stored.Load())})
	return nil
}

func get(client *http.Client, url string) seen {
	response, err := client.Get(url)
	if err != nil {
		return seen{Event: "failed", Error: err.Error()}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return seen{Event: "failed", Error: err.Error()}
	}
	saw := seen{Event: "response", Proto: response.Proto, Status: response.StatusCode, Body: string(body)}
	if err := saw.describe(response.TLS); err != nil {
		return seen{Event: "failed", Error: err.Error()}
	}
	return saw
}

// countedSessions counts the sessions that servers offered to resume.
type countedSessions struct {
	tls.ClientSessionCache
	stored atomic.Int32
}

func (c *countedSessions) Put(key string, session *tls.ClientSessionState) {
	if session != nil {
		c.stored.Add(1)
	}
	c.ClientSessionCache.Put(key, session)
}
