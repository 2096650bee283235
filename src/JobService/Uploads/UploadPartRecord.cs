namespace ForegSyte.Jobs.Uploads;

/// <summary>Bytes of an upload that are there.</summary>
/// <param name="Extent">Where they are.</param>
/// <param name="Crc32C">Their CRC-32C.</param>
/// <param name="ReceivedAt">When they came.</param>
internal readonly record struct UploadPartRecord(Extent Extent, uint Crc32C, DateTimeOffset ReceivedAt);
