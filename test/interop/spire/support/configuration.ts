/** What a SPIRE server is started with. Lifetimes as Go writes durations, such as `1h` or `10s`. */
export interface ServerSettings {
  readonly trustDomain: string
  /** @default '24h' */
  readonly caTTL?: string
  /** @default '1h' */
  readonly x509SVIDTTL?: string
  /** @default '5m' */
  readonly jwtSVIDTTL?: string
}

interface Place {
  readonly folder: string
  readonly port: number
}

// Keys are kept on disk so that a restarted server or agent is the same one. The reload and sync intervals
// are 5 s by default: with these a change of an entry reaches a workload in about a second.

export const serverConfiguration = (settings: ServerSettings, { folder, port }: Place): string => `
server {
  bind_address = "127.0.0.1"
  bind_port = ${port}
  socket_path = "${folder}/server.sock"
  trust_domain = "${settings.trustDomain}"
  data_dir = "${folder}"
  log_level = "WARN"
  ca_ttl = "${settings.caTTL ?? '24h'}"
  default_x509_svid_ttl = "${settings.x509SVIDTTL ?? '1h'}"
  default_jwt_svid_ttl = "${settings.jwtSVIDTTL ?? '5m'}"
  experimental {
    cache_reload_interval = "1s"
  }
}
plugins {
  DataStore "sql" {
    plugin_data {
      database_type = "sqlite3"
      connection_string = "${folder}/datastore.sqlite3"
    }
  }
  KeyManager "disk" {
    plugin_data {
      keys_path = "${folder}/keys.json"
    }
  }
  NodeAttestor "join_token" {
    plugin_data {}
  }
}
`

export const agentConfiguration = (trustDomain: string, { folder, port }: Place): string => `
agent {
  data_dir = "${folder}"
  server_address = "127.0.0.1"
  server_port = ${port}
  socket_path = "${folder}/agent.sock"
  trust_domain = "${trustDomain}"
  log_level = "WARN"
  insecure_bootstrap = true
  experimental {
    sync_interval = "1s"
  }
}
plugins {
  KeyManager "disk" {
    plugin_data {
      directory = "${folder}"
    }
  }
  NodeAttestor "join_token" {
    plugin_data {}
  }
  WorkloadAttestor "unix" {
    plugin_data {}
  }
}
`
