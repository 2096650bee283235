using System.Buffers.Binary;

namespace ForegSyte.Video;

/// <summary>
/// Tells from the first packet of a track whether its stream may say how it must be turned: in an SEI message of H.264
/// (ITU-T H.264, D.1) or HEVC (ITU-T H.265, D.2), or in the Exif data of Motion JPEG. Decoding a frame to find out
/// takes as long as listing the packets of a short video, and nearly all streams say nothing.
/// </summary>
internal static class OrientationMessage
{
    /// <summary>Bytes of the packet that are enough.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>"Display orientation" of both standards.</summary>
    private const int PayloadType = 47;

    /// <summary>Type of a NAL unit of HEVC with messages in front of a picture.</summary>
    private const int HevcPrefixMessage = 39;

    /// <summary>Length of the size before each NAL unit unless the container says otherwise.</summary>
    private const int UsualLengthSize = 4;

    /// <summary>Whether the frame must be decoded to know; true where the packet cannot be read.</summary>
    /// <param name="codec">Codec as FFmpeg names it.</param>
    /// <param name="lengthSize">Bytes of the size before each NAL unit; null if unknown.</param>
    /// <param name="packet">The first bytes of the first packet.</param>
    /// <param name="packetSize">Size of the whole packet.</param>
    public static bool IsPossible(string codec, int? lengthSize, ReadOnlySpan<byte> packet, long packetSize) =>
        codec switch
        {
            "h264" => HasMessage(packet, packetSize, lengthSize ?? UsualLengthSize, headerBytes: 1, H264),
            "hevc" => HasMessage(packet, packetSize, lengthSize ?? UsualLengthSize, headerBytes: 2, Hevc),
            "mjpeg" => packet.IndexOf("Exif\0\0"u8) >= 0,
            _ => false,
        };

    /// <summary>
    /// Whether a frame must be decoded to know, because the configuration record of HEVC ("hvcC", ISO/IEC 14496-15,
    /// 8.3.3) may hold such a message. FFmpeg reads no messages from the record of H.264, where the standard has none.
    /// </summary>
    public static bool IsPossibleInConfiguration(ReadOnlySpan<byte> record)
    {
        const int header = 22;
        if (record.Length <= header)
        {
            return false;
        }

        var arrays = record[header];
        var rest = record[(header + 1)..];
        for (; arrays > 0; arrays--)
        {
            if (rest.Length < 3)
            {
                return true;
            }

            var isMessage = (rest[0] & 0x3F) == HevcPrefixMessage;
            var units = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            for (rest = rest[3..]; units > 0; units--)
            {
                var length = rest.Length < 2 ? rest.Length : BinaryPrimitives.ReadUInt16BigEndian(rest);
                if (length < 2 || length > rest.Length - 2 || (isMessage && HasPayload(rest[4..(2 + length)])))
                {
                    return true;
                }

                rest = rest[(2 + length)..];
            }
        }

        return false;
    }

    private enum Unit
    {
        Other,
        Message,
        Picture,
    }

    private static Unit H264(byte header) => (header & 0x1F) switch
    {
        6 => Unit.Message,
        >= 1 and <= 5 => Unit.Picture,
        _ => Unit.Other,
    };

    private static Unit Hevc(byte header) => ((header >> 1) & 0x3F) switch
    {
        HevcPrefixMessage => Unit.Message,
        < 32 => Unit.Picture,
        _ => Unit.Other,
    };

    private static bool HasMessage(
        ReadOnlySpan<byte> packet, long packetSize, int lengthSize, int headerBytes, Func<byte, Unit> unitOf)
    {
        long at = 0;
        while (at + lengthSize + headerBytes <= packet.Length)
        {
            var length = LengthAt(packet[(int)at..], lengthSize);
            at += lengthSize;
            var unit = unitOf(packet[(int)at]);
            if (unit == Unit.Picture)
            {
                return false;
            }

            if (length < headerBytes
                || at + length > packetSize
                || (unit == Unit.Message && at + length > packet.Length))
            {
                return true;
            }

            if (unit == Unit.Message && HasPayload(packet.Slice((int)at + headerBytes, (int)length - headerBytes)))
            {
                return true;
            }

            at += length;
        }

        // The bytes end before a picture.
        return at < packetSize;
    }

    private static long LengthAt(ReadOnlySpan<byte> bytes, int lengthSize)
    {
        long length = 0;
        for (var i = 0; i < lengthSize; i++)
        {
            length = (length << 8) | bytes[i];
        }

        return length;
    }

    private static bool HasPayload(ReadOnlySpan<byte> escaped)
    {
        var message = Unescape(escaped);
        var at = 0;

        // One byte is the end of the message.
        while (at + 2 < message.Count)
        {
            if (ReadNumber() == PayloadType)
            {
                return true;
            }

            // Not "at += ReadNumber()", which would add to the position before the number.
            var size = ReadNumber();
            at += size;
        }

        return false;

        int ReadNumber()
        {
            var number = 0;
            while (at < message.Count)
            {
                var next = message[at++];
                number += next;
                if (next != 0xFF)
                {
                    break;
                }
            }

            return number;
        }
    }

    /// <summary>Removes the byte 3 that keeps data from looking like a start code.</summary>
    private static List<byte> Unescape(ReadOnlySpan<byte> escaped)
    {
        var bytes = new List<byte>(escaped.Length);
        var zeros = 0;
        foreach (var next in escaped)
        {
            if (zeros >= 2 && next == 3)
            {
                zeros = 0;
                continue;
            }

            zeros = next == 0 ? zeros + 1 : 0;
            bytes.Add(next);
        }

        return bytes;
    }
}
