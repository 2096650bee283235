using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// What a file, or a few that belong together, says, read again when it changes. It is looked at now and then, by its
/// name and nothing around it: that also finds what is renamed into its place, as Kubernetes does with secrets.
/// </summary>
/// <remarks>
/// A change counts when two looks in a row saw the same, so that half a file is not taken for the whole. One that
/// cannot be read, or says nothing sensible, is logged and changes nothing: what was read before goes on to hold.
/// </remarks>
/// <typeparam name="T">What the file says; never changed, but replaced.</typeparam>
public sealed class WatchedFile<T> : IDisposable
    where T : class
{
    /// <summary>Largest file in bytes; none of those that are watched comes near it.</summary>
    private const int MaxBytes = 1 << 20;

    private readonly Lock _looking = new();
    private readonly string _name;
    private readonly IReadOnlyList<string> _paths;
    private readonly Func<IReadOnlyList<byte[]>, T> _parse;
    private readonly TimeSpan _interval;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private T _current;
    private string _taken;
    private string _seen;

    /// <summary>Reads the files, and begins to look after them.</summary>
    /// <param name="name">The setting that names the file, for messages.</param>
    /// <param name="paths">The files; a relative path starts from the current directory.</param>
    /// <param name="parse">Makes of their contents what they say; throws where that is nothing sensible.</param>
    /// <param name="interval">How often to look.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where changes are told.</param>
    /// <exception cref="InvalidFileException">They cannot be read, or say nothing sensible.</exception>
    public WatchedFile(
        string name, IReadOnlyList<string> paths, Func<IReadOnlyList<byte[]>, T> parse, TimeSpan interval,
        TimeProvider time, ILogger logger)
    {
        (_name, _paths, _parse, _interval, _logger) = (name, paths, parse, interval, logger);
        try
        {
            var contents = Read();
            _taken = _seen = HashOf(contents);
            _current = parse(contents);
        }
        catch (Exception failure)
        {
            throw new InvalidFileException(Describe(failure), failure);
        }

        _timer = time.CreateTimer(_ => Look(), state: null, interval, interval);
    }

    /// <summary>What the files said when they last said something sensible.</summary>
    public T Current => Volatile.Read(ref _current);

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (!_looking.TryEnter())
        {
            // A look on a slow disk is not over yet.
            return;
        }

        try
        {
            TakeChange();
        }
        catch (Exception failure)
        {
            // Told once: the next look finds the same content taken.
            _logger.LogError(
                "{Name} was changed to what cannot be used, and what it said before goes on to hold: {Problem}",
                _name, Describe(failure));
        }
        finally
        {
            _looking.Exit();
        }
    }

    private void TakeChange()
    {
        IReadOnlyList<byte[]> contents;
        try
        {
            contents = Read();
        }
        catch (Exception) when (_seen.Length > 0)
        {
            // Away in this moment, as a file is that is replaced in two steps; told if it still is the next time.
            _seen = "";
            return;
        }
        catch (Exception) when (_taken.Length == 0)
        {
            return;
        }
        catch
        {
            _taken = "";
            throw;
        }

        var hash = HashOf(contents);
        var isSettled = hash == _seen;
        _seen = hash;
        if (hash == _taken || !isSettled)
        {
            return;
        }

        _taken = hash;
        Volatile.Write(ref _current, _parse(contents));
        _logger.LogInformation("{Name} was changed and read again", _name);
    }

    private List<byte[]> Read() => [.. _paths.Select(ReadOne)];

    private static byte[] ReadOne(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[MaxBytes + 1];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length <= MaxBytes
            ? bytes[..length]
            : throw new FormatException($"It has more than {MaxBytes} bytes.");
    }

    private static string HashOf(IReadOnlyList<byte[]> contents) =>
        string.Join(':', contents.Select(content => Convert.ToHexString(SHA256.HashData(content))));

    private string Describe(Exception failure) => $"{_name} ({string.Join(", ", _paths)}): {failure.Message}";
}
