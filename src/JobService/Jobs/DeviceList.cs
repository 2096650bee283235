using System.Collections;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// The devices that ran a job's models: each once, in the order of their first segment. Immutable; equal if the devices
/// are.
/// </summary>
internal sealed class DeviceList(IEnumerable<Device> devices) : IReadOnlyList<Device>, IEquatable<DeviceList>
{
    /// <summary>No device.</summary>
    public static readonly DeviceList Empty = new([]);

    private readonly Device[] _devices = [.. devices];

    public int Count => _devices.Length;

    public Device this[int index] => _devices[index];

    /// <summary>The list with a device; the same list if it is null or already in it.</summary>
    public DeviceList With(Device? device) =>
        device is null || _devices.Contains(device) ? this : new DeviceList([.. _devices, device]);

    /// <inheritdoc />
    public IEnumerator<Device> GetEnumerator() => ((IEnumerable<Device>)_devices).GetEnumerator();

    /// <inheritdoc />
    public bool Equals(DeviceList? other) => other is not null && _devices.AsSpan().SequenceEqual(other._devices);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as DeviceList);

    /// <inheritdoc />
    public override int GetHashCode() => _devices.Length;

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
