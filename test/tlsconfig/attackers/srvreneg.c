/*
 * A server that is somebody else after it was called.
 *
 *   srvreneg FIRST.pem SECOND.pem
 *
 * It prints the port that it listens on, takes one connection over TLS 1.2 with the certificate and key of
 * FIRST.pem, reads something, asks the client to renegotiate (HelloRequest), and goes on with those of
 * SECOND.pem. It prints how far it came, a word a line: connected, heard, renegotiated, heard-again.
 */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void step(const char *word) {
  puts(word);
  fflush(stdout);
}

static void require(int holds) {
  if (!holds) exit(0);
}

static int accept_one(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  require(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 1) == 0);
  require(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return accept(fd, NULL, NULL);
}

static int heard(SSL *ssl) {
  char buffer[64];
  return SSL_read(ssl, buffer, sizeof buffer) > 0;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  alarm(10);
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  /* A session that is resumed would keep the first certificate. */
  SSL_CTX_set_options(context, SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
  SSL_CTX_use_certificate_chain_file(context, argv[1]);
  SSL_CTX_use_PrivateKey_file(context, argv[1], SSL_FILETYPE_PEM);
  SSL *ssl = SSL_new(context);
  SSL_set_fd(ssl, accept_one());
  require(SSL_accept(ssl) == 1);
  step("connected");

  require(heard(ssl));
  step("heard");

  SSL_certs_clear(ssl);
  SSL_use_certificate_chain_file(ssl, argv[2]);
  SSL_use_PrivateKey_file(ssl, argv[2], SSL_FILETYPE_PEM);
  require(SSL_renegotiate(ssl) == 1);
  /* The first writes the HelloRequest; the client's ClientHello is read with the next bytes. */
  require(SSL_do_handshake(ssl) == 1);
  require(SSL_write(ssl, "two", 3) == 3);
  require(heard(ssl));
  step(SSL_renegotiate_pending(ssl) ? "ignored" : "renegotiated");
  return 0;
}
