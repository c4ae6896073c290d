/* 'dotnet' in a guest: no package of NuGet has it for another architecture. It hands over to libhostfxr.so, which does all the work. */
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>

typedef int host_main(int argc, const char **argv, const char *host, const char *root, const char *app);

int main(int argc, const char **argv)
{
	host_main *run;
	void *library;
	glob_t found;

	if (glob("/dotnet/host/fxr/*/libhostfxr.so", 0, NULL, &found) || !(library = dlopen(found.gl_pathv[0], RTLD_NOW)) ||
	    !(run = (host_main *)dlsym(library, "hostfxr_main_startupinfo"))) {
		fprintf(stderr, "/dotnet/host/fxr has no libhostfxr.so that works here.\n");
		return 1;
	}
	return run(argc, argv, "/dotnet/dotnet", "/dotnet", "");
}
