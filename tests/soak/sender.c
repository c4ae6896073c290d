/*
 * Sends frames on interfaces as fast as the kernel takes them, one interface after the other.
 *
 * Commands come on standard input, one a line: add NAME, hold NAME, go NAME, drop NAME, count. Each is answered with a line of two
 * numbers, "TAKEN REFUSED": the frames of that interface, or of all, that the kernel has taken and refused. After hold and drop the
 * numbers are final, and no frame is on its way to the interface.
 *
 * Seven of eight frames belong to 64 steady flows, and the eighth is the next of a million.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INTERFACES 128
#define BATCH 64
#define FLOWS 1000000
#define STEADY 64
#define PORTS 62500	/* of each source address */
#define HEADERS 42
#define SMALLEST 64
#define SIZES 160

struct interface {
	char name[IF_NAMESIZE];	/* empty: the place is free */
	int socket;
	int is_held;
	uint64_t next, taken, refused;
};

static struct interface interfaces[INTERFACES];
static uint64_t gone_taken, gone_refused;
static unsigned char frames[BATCH][SMALLEST + SIZES];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static void prepare(void)
{
	static const unsigned char head[HEADERS] = {
		[12] = 0x08, [14] = 0x45, [22] = 64, 17, [26] = 10, 0, 0, 0, 10, 1, 0, 1, 0, 0, 0x11, 0x51
	};

	for (int i = 0; i < BATCH; i++) {
		memcpy(frames[i], head, HEADERS);
		parts[i].iov_base = frames[i];
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
}

static void put16(unsigned char *at, uint16_t value)
{
	value = htons(value);
	memcpy(at, &value, sizeof(value));
}

static void write_frame(int i, uint64_t number)
{
	uint32_t flow = number % 8 ? number % STEADY : STEADY + number / 8 % FLOWS;
	size_t size = SMALLEST + number * 7 % SIZES;

	frames[i][29] = flow / PORTS;
	put16(frames[i] + 34, 1024 + flow % PORTS);
	put16(frames[i] + 16, size - 14);
	put16(frames[i] + 38, size - 34);
	parts[i].iov_len = size;
}

static void send_batch(struct interface *to)
{
	int sent = 0;

	for (int i = 0; i < BATCH; i++)
		write_frame(i, to->next++);
	while (sent < BATCH) {
		int count = sendmmsg(to->socket, messages + sent, BATCH - sent, 0);

		to->taken += count > 0 ? count : 0;
		to->refused += count <= 0;
		sent += count > 0 ? count : 1;
	}
}

static struct interface *find(const char *name)
{
	for (int i = 0; i < INTERFACES; i++)
		if (!strcmp(interfaces[i].name, name))
			return &interfaces[i];
	fprintf(stderr, "sender: there is no %s\n", *name ? name : "free place");
	exit(1);
}

static struct interface *add(const char *name)
{
	struct interface *found = find("");
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(name) };

	*found = (struct interface){ .socket = socket(AF_PACKET, SOCK_RAW, 0) };
	memcpy(found->name, name, IF_NAMESIZE);
	if (found->socket < 0 || bind(found->socket, (struct sockaddr *)&address, sizeof(address))) {
		perror(name);
		exit(1);
	}
	return found;
}

static void answer(const char *command, const char *name)
{
	struct interface all = { .taken = gone_taken, .refused = gone_refused };
	struct interface *found = &all;

	if (!strcmp(command, "count")) {
		for (int i = 0; i < INTERFACES; i++) {
			all.taken += interfaces[i].taken;
			all.refused += interfaces[i].refused;
		}
	} else {
		found = !strcmp(command, "add") ? add(name) : find(name);
		found->is_held = !strcmp(command, "hold");
	}
	printf("%lu %lu\n", (unsigned long)found->taken, (unsigned long)found->refused);
	fflush(stdout);
	if (!strcmp(command, "drop")) {
		close(found->socket);
		gone_taken += found->taken;
		gone_refused += found->refused;
		*found = (struct interface){ 0 };
	}
}

int main(void)
{
	char line[64], command[8], name[IF_NAMESIZE] = "";
	struct pollfd input = { .fd = 0, .events = POLLIN };

	prepare();
	for (int is_idle = 1;;) {
		if (poll(&input, 1, is_idle ? -1 : 0) > 0) {
			ssize_t length = read(0, line, sizeof(line) - 1);	/* the other side waits for each answer */

			if (length <= 0)
				return 0;
			line[length] = 0;
			*name = 0;
			if (sscanf(line, "%7s %15s", command, name) > 0)
				answer(command, name);
		}
		is_idle = 1;
		for (int i = 0; i < INTERFACES; i++) {
			if (*interfaces[i].name && !interfaces[i].is_held) {
				send_batch(&interfaces[i]);
				is_idle = 0;
			}
		}
	}
}
