using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Web.Sessions;

/// <summary>A store for the keys of cookies that several JobServices share.</summary>
public interface ISharedCookieKeys : IXmlRepository
{
    /// <summary>Waits until no other JobService makes keys; disposing lets others.</summary>
    IDisposable Lock();
}

/// <summary>
/// The keys that encrypt the cookies of signed-in browsers: in Web:KeysFolder if it is set, otherwise where all
/// JobServices share them, otherwise in the data directory.
/// </summary>
/// <param name="web">Has the folder.</param>
/// <param name="data">Has the folder if none is set.</param>
/// <param name="shared">The shared store; none if the jobs are in a file.</param>
/// <param name="loggers">For the files.</param>
internal sealed class CookieKeys(
    IOptions<WebOptions> web, DataDirectory data, IEnumerable<ISharedCookieKeys> shared, ILoggerFactory loggers)
{
    private readonly ISharedCookieKeys? _shared = web.Value.KeysFolder is null ? shared.SingleOrDefault() : null;

    private string Folder => web.Value.KeysFolder ?? data.File("web_keys");

    /// <summary>Where the keys are.</summary>
    public IXmlRepository Repository =>
        _shared ?? (IXmlRepository)new FileSystemXmlRepository(new DirectoryInfo(Folder), loggers);

    /// <summary>
    /// Makes the first key, so that a start without a place for keys fails, and not the first sign-in.
    /// </summary>
    /// <param name="provider">Makes keys when it first encrypts.</param>
    /// <exception cref="OptionsValidationException">The folder cannot be written.</exception>
    public void Prepare(IDataProtectionProvider provider)
    {
        if (_shared is null)
        {
            PrepareFolder();
        }

        // Two nodes that start together must not both make a key, of which the other knows nothing.
        using (_shared?.Lock())
        {
            provider.CreateProtector(nameof(CookieKeys)).Protect([]);
        }
    }

    private void PrepareFolder()
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        try
        {
            _ = OperatingSystem.IsWindows()
                ? Directory.CreateDirectory(Folder)
                : Directory.CreateDirectory(Folder, owner);
            var file = Path.Combine(Folder, Path.GetRandomFileName());
            File.WriteAllBytes(file, []);
            File.Delete(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new OptionsValidationException(WebOptions.Section, typeof(WebOptions),
            [
                $"The keys of the web page cannot be written to {Folder} ({failure.Message}) Name a folder that the "
                + "service can write with Web:KeysFolder, or switch the page off with Web:Enabled=false.",
            ]);
        }
    }
}
