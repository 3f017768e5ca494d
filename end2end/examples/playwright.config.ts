import { defineConfig } from "@playwright/test";
import base from "../playwright.config.ts";

/** The example programs, driven in the browser. Each test has a program of its own. */
export default defineConfig(base, { testDir: ".", outputDir: "../test-results" });
