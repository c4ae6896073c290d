// Programs of somebody else, for XDP and TC: UDP over IPv4 to port 7001 goes no further, all else does.

struct xdp_md {
    unsigned int data, data_end;
};

struct __sk_buff {
    unsigned int before[19], data, data_end; // linux/bpf.h
};

static __attribute__((always_inline)) int is_unwanted(unsigned int data, unsigned int data_end)
{
    const unsigned char *frame = (const unsigned char *)(long)data;
    return frame + 38 <= (const unsigned char *)(long)data_end && frame[12] == 0x08 && frame[13] == 0x00 && frame[23] == 17
        && frame[36] == 7001 >> 8 && frame[37] == (7001 & 0xff);
}

__attribute__((section("xdp"), used)) int somebody_else(const struct xdp_md *context)
{
    return is_unwanted(context->data, context->data_end) ? 1 : 2; // XDP_DROP, XDP_PASS
}

__attribute__((section("tc"), used)) int somebody_else_tc(const struct __sk_buff *context)
{
    return is_unwanted(context->data, context->data_end) ? 2 : -1; // TC_ACT_SHOT, TC_ACT_UNSPEC
}
