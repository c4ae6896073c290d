// SPDX-License-Identifier: GPL-2.0
/*
 * One end of connections, for tests: see Peer.cs. It writes a line when it is ready, does one thing, and ends when its standard
 * input does.
 *
 * peer listen ADDRESS PORT [REPLY]	takes connections and keeps them; sends REPLY bytes on each, and closes when the other side does
 * peer connect ADDRESS PORT COUNT [BYTES [SOURCE-PORT [REPLY]]]	makes COUNT connections, sends BYTES on each and keeps them; is
 *	ready once REPLY bytes have come on each, which it leaves unread: the other side has taken the connections then
 * peer brief ADDRESS PORT COUNT MICROSECONDS SOURCE-PORT	makes COUNT connections one by one, each for so long and from the next port
 * peer udp ADDRESS PORT		binds a UDP socket and answers each datagram
 * peer ask ADDRESS PORT COUNT [SOURCE-PORT]	sends COUNT datagrams from a connected UDP socket and waits for the answers
 * peer send ADDRESS PORT SOURCE-PORT	sends a datagram from an unconnected socket, and keeps it
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } address;
static socklen_t length;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void set_address(const char *text, int port)
{
	memset(&address, 0, sizeof(address));
	if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons(port);
		length = sizeof(address.v6);
	} else {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons(port);
		inet_pton(AF_INET, text, &address.v4.sin_addr);
		length = sizeof(address.v4);
	}
}

static int make(int type)
{
	int one = 1, fd = socket(address.any.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		die("socket");
	return fd;
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void wait_for_end(void)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
	exit(0);
}

static void send_all(int fd, long bytes)
{
	static char data[65536];

	while (bytes > 0) {
		ssize_t sent = send(fd, data, bytes < (long)sizeof(data) ? bytes : (long)sizeof(data), MSG_NOSIGNAL);

		if (sent < 0)
			die("send");
		bytes -= sent;
	}
}

static void take(int epoll, int listener, long reply)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	event.data.fd = fd;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	if (reply)
		send_all(fd, reply);
}

static void listen_on(long reply)
{
	struct epoll_event event = { .events = EPOLLIN }, events[256];
	int listener = make(SOCK_STREAM), epoll = epoll_create1(EPOLL_CLOEXEC), i, count;
	static char data[1 << 18];

	if (bind(listener, &address.any, length) || listen(listener, 4096))
		die("listen");
	event.data.fd = listener;
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	event.data.fd = 0;
	epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
	ready();
	while ((count = epoll_wait(epoll, events, 256, -1)) >= 0) {
		for (i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				take(epoll, listener, reply);
			else if (read(fd, data, sizeof(data)) <= 0 && fd == 0)
				exit(0);
			else if (recv(fd, data, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
				close(fd);
		}
	}
}

/* Binds to a port and nothing else. */
static void bind_port(int fd, int port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (port && (address.any.sa_family == AF_INET6 ? bind(fd, (void *)&v6, sizeof(v6)) : bind(fd, (void *)&v4, sizeof(v4))))
		die("bind");
}

static int open_connection(int port)
{
	int fd = make(SOCK_STREAM);

	bind_port(fd, port);
	if (connect(fd, &address.any, length))
		die("connect");
	return fd;
}

/* Kept, and not read from: closing it is a reset then. */
static void keep_connection(long bytes, int port, long reply)
{
	static char data[65536];
	int fd = open_connection(port);

	send_all(fd, bytes);
	if (reply && recv(fd, data, reply, MSG_PEEK | MSG_WAITALL) != reply)
		die("recv");
}

static void pause_for(long microseconds)
{
	struct timespec time = { microseconds / 1000000, microseconds % 1000000 * 1000 };

	nanosleep(&time, NULL);
}

static void udp_answer(void)
{
	struct pollfd both[2] = { { .events = POLLIN }, { .fd = 0, .events = POLLIN } };
	int fd = make(SOCK_DGRAM);
	char data[2048];

	if (bind(fd, &address.any, length))
		die("bind");
	both[0].fd = fd;
	ready();
	while (poll(both, 2, -1) > 0 && !both[1].revents) {
		socklen_t size = sizeof(address);
		ssize_t got = recvfrom(fd, data, sizeof(data), 0, &address.any, &size);

		sendto(fd, data, got, 0, &address.any, size);
	}
	exit(0);
}

static void udp_ask(int count, int port)
{
	int fd = make(SOCK_DGRAM), i;
	char data[2048];

	bind_port(fd, port);
	if (connect(fd, &address.any, length))
		die("connect");
	for (i = 0; i < count; i++) {
		if (send(fd, "ask", 3, 0) != 3 || recv(fd, data, sizeof(data), 0) != 3)
			die("ask");
	}
	ready();
	wait_for_end();
}

int main(int argc, char **argv)
{
	struct rlimit files;
	long count = argc > 4 ? atol(argv[4]) : 0, bytes = argc > 5 ? atol(argv[5]) : 0, i;
	const char *what = argc > 3 ? argv[1] : "";

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (argc > 3)
		set_address(argv[2], atoi(argv[3]));
	if (!strcmp(what, "listen")) {
		listen_on(count);
	} else if (!strcmp(what, "connect")) {
		for (i = 0; i < count; i++)
			keep_connection(bytes, argc > 6 ? atoi(argv[6]) : 0, argc > 7 ? atol(argv[7]) : 0);
		ready();
		wait_for_end();
	} else if (!strcmp(what, "brief") && argc > 6) {
		ready();
		for (i = 0; i < count; i++) {
			int fd = open_connection(atoi(argv[6]) + i);

			pause_for(bytes);
			close(fd);
		}
		puts("done");
		fflush(stdout);
		wait_for_end();
	} else if (!strcmp(what, "udp")) {
		udp_answer();
	} else if (!strcmp(what, "ask")) {
		udp_ask(count, bytes);
	} else if (!strcmp(what, "send")) {
		int fd = make(SOCK_DGRAM);

		bind_port(fd, count);
		if (sendto(fd, "datagram", 8, 0, &address.any, length) != 8)
			die("sendto");
		ready();
		wait_for_end();
	}
	return 2;
}
