using XTrace.Bpf;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>XDP: one program an interface, of what arrives, before the network stack (native) or as it begins (generic).</summary>
internal static unsafe class XdpHook
{
    /// <summary>
    /// How often the slot is looked at, a millisecond apart, when it was free and the kernel says that it was not. Another process
    /// that comes and goes is seen in one of so many looks. An interface above this one never is.
    /// </summary>
    private const int Looks = 20;

    /// <exception cref="BpfException">The kernel or the driver refused.</exception>
    /// <exception cref="XTraceException">Another program has the slot; the message names it.</exception>
    internal static LinkAttachment Attach(
        BpfHandle program, NetInterface target, MonitorHook hook, Replacement? replacement = null, int looks = Looks)
    {
        if (OwnerOf(target) is { } owner)
        {
            if (replacement?.Is(owner) != true)
            {
                ThrowBusy(target, owner);
            }
            replacement!.MakeRoom();
        }
        uint flags = hook == MonitorHook.XdpNative ? LibBpf.XdpFlagNative : LibBpf.XdpFlagGeneric;
        try
        {
            KernelOperation operation = KernelOperation.Attach(HookPlan.Describe(hook), target.Name);
            BpfHandle link = BpfLink.Create(program, target.Index, LibBpf.AttachTypeXdp, flags, operation, target.Name);
            return new LinkAttachment(link, hook, FlowDirection.Ingress);
        }
        catch (BpfException refusal) when (refusal.Errno is Errnos.EEXIST or Errnos.EBUSY && looks > 1)
        {
            // Another process took the slot in this moment, and may have left it again.
            Thread.Sleep(1);
            return Attach(program, target, hook, replacement, looks - 1);
        }
        catch (BpfException refusal) when (refusal.Errno == Errnos.EEXIST)
        {
            // Its own slot is free. dev_xdp_attach() in net/core/dev.c
            throw new XTraceException(refusal, FlowMessages.UpperXdp, target.Name, target.Name, HookPlan.Describe(hook));
        }
        catch (BpfException refusal) when (refusal.Errno is Errnos.EINVAL or Errnos.ENOSPC or Errnos.ERANGE)
        {
            // Drivers answer so when their XDP does not work with the way the interface is set up.
            throw new XTraceException(
                refusal, FlowMessages.DriverRefused, target.Name, target.Name, HookPlan.Describe(hook), refusal.Errno);
        }
    }

    /// <summary>Whether the program really is the one that this hook of the interface runs.</summary>
    internal static bool Runs(int interfaceIndex, MonitorHook hook, uint programId)
    {
        LibBpf.XdpQueryOptions options = Query(interfaceIndex);
        return programId == (hook == MonitorHook.XdpNative ? options.NativeProgramId : options.GenericProgramId);
    }

    /// <summary>The program that has the slot, or null.</summary>
    private static uint? OwnerOf(NetInterface target)
    {
        LibBpf.XdpQueryOptions options = Query(target.Index);
        uint owner = new[]
        {
            options.NativeProgramId,
            options.OffloadedProgramId,
            options.GenericProgramId,
            options.ProgramId,
        }.FirstOrDefault(id => id != 0);
        return owner == 0 ? null : owner;
    }

    /// <summary>Whether another program may suit the driver better: neither is the slot in use, nor are rights or memory missing.</summary>
    internal static bool IsDrivers(XTraceException refusal) =>
        (refusal as BpfException ?? refusal.InnerException as BpfException) is { } cause
        && cause.Errno is not (Errnos.EEXIST or Errnos.EBUSY or Errnos.EPERM or Errnos.ENOMEM or Errnos.ENODEV);

    /// <summary>A slot in use is never taken from its owner.</summary>
    private static void ThrowBusy(NetInterface target, uint owner) => throw new XTraceException(
        BpfProgram.NameOf(owner) is FlowProgram.XdpName or FlowProgram.FragmentsName ? FlowMessages.XdpSlotOurs : FlowMessages.XdpSlotBusy,
        target.Name,
        target.Name,
        BpfProgram.Describe(owner),
        owner);

    private static LibBpf.XdpQueryOptions Query(int interfaceIndex)
    {
        LibBpf.XdpQueryOptions options = new() { Size = (nuint)sizeof(LibBpf.XdpQueryOptions) };
        int result = LibBpf.bpf_xdp_query(interfaceIndex, 0, &options);
        return result switch
        {
            0 => options,
            -Errnos.ENODEV => default,
            _ => throw new BpfException(KernelOperation.ListPrograms("XDP", interfaceIndex), -result),
        };
    }
}
