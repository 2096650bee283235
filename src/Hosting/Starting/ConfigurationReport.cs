using System.Globalization;
using ForegSyte.Hosting.Configuration.Effective;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Hosting.Security.Certificates;
using ForegSyte.Hosting.Security.Jwt;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Starting;

/// <summary>Tells an operator what the configuration comes to, instead of starting.</summary>
internal static class ConfigurationReport
{
    /// <summary>Writes a line for each setting: its name, its value, where it comes from.</summary>
    public static async Task PrintAsync(IServiceProvider services, TextWriter output)
    {
        var settings = services.GetRequiredService<EffectiveSettings>();
        foreach (var setting in settings.All())
        {
            await output.WriteLineAsync($"{setting.Name} = {setting.Value}    # {setting.Origin}");
        }

        await WarnAsync(settings, output);
    }

    /// <summary>
    /// Says that the settings, which were checked, are right, and reads the files with keys and certificates too.
    /// </summary>
    /// <exception cref="Exception">One of the files is wrong; the message is for the operator.</exception>
    public static async Task ConfirmAsync(IServiceProvider services, TextWriter output)
    {
        // They read their files when they are made.
        foreach (var reader in new[]
        {
            typeof(ApiKeyRing), typeof(CertificateCallers), typeof(JwtKeys), typeof(ServerTls),
        })
        {
            services.GetRequiredService(reader);
        }

        var settings = services.GetRequiredService<EffectiveSettings>();
        var all = settings.All();
        var set = all.Count(setting => setting.Origin != SettingOrigin.Default);
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"The configuration is right: {all.Count} settings, {set} of them set."));
        await WarnAsync(settings, output);
    }

    private static async Task WarnAsync(EffectiveSettings settings, TextWriter output)
    {
        foreach (var section in settings.Unknown())
        {
            await output.WriteLineAsync($"# {section} is no section of this service: what is set in it has no effect");
        }
    }
}
