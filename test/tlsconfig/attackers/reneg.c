/*
 * A client that is somebody else after it was let in.
 *
 *   reneg PORT FIRST.pem SECOND.pem
 *
 * It connects over TLS 1.2 with the certificate and key of FIRST.pem, sends "one", waits for an answer,
 * renegotiates with those of SECOND.pem, and sends "two". It prints how far it came, a word a line:
 * connected, answered, renegotiated, answered-again.
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

static int dial(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  require(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
  return fd;
}

static int answered(SSL *ssl) {
  char buffer[64];
  return SSL_read(ssl, buffer, sizeof buffer) > 0;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  alarm(10);
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_use_certificate_chain_file(context, argv[2]);
  SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM);
  SSL *ssl = SSL_new(context);
  SSL_set_fd(ssl, dial(atoi(argv[1])));
  require(SSL_connect(ssl) == 1);
  step("connected");

  require(SSL_write(ssl, "one", 3) == 3);
  require(answered(ssl));
  step("answered");

  SSL_certs_clear(ssl);
  SSL_use_certificate_chain_file(ssl, argv[3]);
  SSL_use_PrivateKey_file(ssl, argv[3], SSL_FILETYPE_PEM);
  require(SSL_renegotiate(ssl) == 1);
  require(SSL_do_handshake(ssl) == 1);
  step("renegotiated");

  require(SSL_write(ssl, "two", 3) == 3);
  require(answered(ssl));
  step("answered-again");
  return 0;
}
